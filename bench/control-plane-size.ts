import { join } from 'node:path';
import { outputOf } from './processes.ts';
import type { ControlPlaneRow } from './results.ts';

/** Ingresses. */
export const controlPlaneSizes = [100, 1_000, 5_000, 20_000];
const PROGRAM = join(import.meta.dirname, 'control-plane-program.ts');
const LIMIT_MS = 180_000;

/** In a process of its own, whose memory and CPU time are those of the control plane and its workers. */
export async function measureControlPlane(ingresses: number): Promise<ControlPlaneRow> {
  const command = [process.execPath, PROGRAM, String(ingresses)];
  const output = await outputOf(undefined, command, LIMIT_MS);
  return { ingresses, figures: JSON.parse(output) as ControlPlaneRow['figures'] };
}
