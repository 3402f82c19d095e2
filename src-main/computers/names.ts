// Owns what a computer may be called: the rules of a name a person gives, and that no two living records share one.
import { AppError } from '#shared/errors.ts';
import { computerNameProblem, nameOrderKey, sameComputerName } from '#shared/model/computer-name.ts';
import type { ComputerRepo, StoredComputer } from './repo.ts';

const MAX_NAME = 200;

/** What is wrong with a new name for this computer, or null. Keeping the name it has is always fine, however odd. */
export function nameProblem(repo: ComputerRepo, computer: StoredComputer | undefined, name: string): string | null {
  const wanted = name.trim();
  if (computer !== undefined && sameComputerName(computer.name, wanted)) return null;
  const problem = computerNameProblem(wanted);
  if (problem !== null) return problem;
  const other = repo.byKey(nameOrderKey(wanted), computer?.id ?? '');
  if (other === undefined) return null;
  const facts = [other.model, other.serial].filter((fact) => fact !== '').join(', ');
  return `${other.name} is the name of another computer${facts === '' ? '' : ` (${facts})`}. Choose another one.`;
}

/** Throws what nameProblem says, with the code that fits. */
export function requireName(repo: ComputerRepo, computer: StoredComputer, name: string): void {
  const problem = nameProblem(repo, computer, name);
  if (problem === null) return;
  requireFree(repo, computer.id, name);
  throw new AppError('invalid-input', problem, { name });
}

/** Throws where another living computer has the name. */
export function requireFree(repo: ComputerRepo, id: string, name: string): void {
  const other = repo.byKey(nameOrderKey(name), id);
  if (other === undefined) return;
  throw new AppError('conflict', `Another computer is called "${other.name}" already. Rename that one first, or choose another name.`, { name: other.name, computerId: other.id });
}

/** The name wanted, or with the first free number behind it. */
export function freeName(repo: ComputerRepo, wanted: string, exceptId = ''): string {
  const base = wanted.slice(0, MAX_NAME - 8);
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base} (${number})`;
    if (repo.byKey(nameOrderKey(name), exceptId) === undefined) return name;
  }
}
