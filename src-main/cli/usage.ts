// Owns the error for a command line that can't be understood: it says what is wrong and where help is.
import { AppError } from '#shared/errors.ts';

export function usage(message: string, name = 'platen'): AppError {
  return new AppError('usage', `${message}\n${name} --help explains.`);
}
