// One binary that is etcd, kube-apiserver, kube-controller-manager or kubectl, as its first argument says.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	if len(os.Args) < 2 {
		fail("a program")
	}
	// Each program parses os.Args itself: it sees its own name first, as if started alone.
	os.Args = os.Args[1:]
	switch os.Args[0] {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		run(controllers.NewControllerManagerCommand())
	case "kubectl":
		run(kubectl.NewDefaultKubectlCommand())
	default:
		fail(fmt.Sprintf("%q", os.Args[0]))
	}
}

func run(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func fail(given string) {
	fmt.Fprintf(os.Stderr, "want etcd, kube-apiserver, kube-controller-manager or kubectl; given %s\n", given)
	os.Exit(2)
}
