import type { Certificate } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';
import { finding } from './finding.ts';
import type { Memory } from './memory.ts';
import type { TranslateOptions } from './translate-options.ts';

/** What is wrong with certificates that are presented all the same. */
export function reportCertificates(
  certificates: ReadonlyMap<string, Certificate>,
  options: TranslateOptions,
  memory: Memory,
): readonly (readonly Finding[])[] {
  return [
    ...reportExpired(certificates, options, memory),
    ...reportRemarks(certificates, memory),
    ...reportStaleOcsp(certificates, options, memory),
  ];
}

function reportExpired(
  certificates: ReadonlyMap<string, Certificate>,
  { now, defaultCertificate }: TranslateOptions,
  memory: Memory,
): readonly (readonly Finding[])[] {
  if (now === undefined) return [];
  const time = new Date(now()).toISOString();
  const expired = [...certificates.values()].filter(({ notAfter }) => notAfter < time);
  return expired.map(({ id, notAfter }) =>
    memory.findings.get(`expired ${id}`, [notAfter], () => {
      const isGenerated = id === defaultCertificate.id;
      const object = isGenerated ? 'the generated default certificate' : `Secret ${id}`;
      const remedy = isGenerated ? 'start anew to have another one' : 'renew it';
      const message = `The certificate has expired on ${notAfter}. It is still presented, and clients refuse it: ${remedy}.`;
      return [finding('certificate-expired', object, undefined, message)];
    }),
  );
}

function reportRemarks(
  certificates: ReadonlyMap<string, Certificate>,
  memory: Memory,
): readonly (readonly Finding[])[] {
  const lists: (readonly Finding[])[] = [];
  for (const id of certificates.keys()) {
    const result = memory.secrets.peek(id);
    if (result === undefined || 'problem' in result || result.remarks.length === 0) continue;
    lists.push(
      memory.findings.get(`certificate ${id}`, [result], () =>
        result.remarks.map(({ code, message }) =>
          finding(code, `Secret ${id}`, undefined, message),
        ),
      ),
    );
  }
  return lists;
}

function reportStaleOcsp(
  certificates: ReadonlyMap<string, Certificate>,
  { now }: TranslateOptions,
  memory: Memory,
): readonly (readonly Finding[])[] {
  if (now === undefined) return [];
  const time = new Date(now()).toISOString();
  const lists: (readonly Finding[])[] = [];
  for (const { id, ocsp } of certificates.values()) {
    if (ocsp === undefined || ocsp.notAfter > time) continue;
    const message = `The OCSP response in its tls.ocsp-staple has expired on ${ocsp.notAfter} and is not sent along: fetch another one.`;
    lists.push(
      memory.findings.get(`ocsp ${id}`, [ocsp.notAfter], () => [
        finding('ocsp-not-stapled', `Secret ${id}`, undefined, message),
      ]),
    );
  }
  return lists;
}
