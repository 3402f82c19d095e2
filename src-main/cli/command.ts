// Owns the shape of a command: what it is called, takes, explains and gives back. Commands are data plus one function, so
// that parsing, help and output are written once and a later command is one more entry in commands.ts.
import type { IncomingMessage } from 'node:http';
import type { Api } from './client.ts';
import type { Progress } from './progress.ts';

export type OptionSpec = {
  /** What stands for the value in help ("DIR"); absent for a switch. */
  value?: string;
  help: string;
  /** May be given again and again; read from Input.given. */
  many?: boolean;
};
export type PositionalSpec = { name: string; required: boolean; many?: boolean };

/** What came in after parsing: texts of options, switches that were given, positionals in order. */
export type Input = {
  texts: Readonly<Record<string, string>>;
  switches: ReadonlySet<string>;
  /** Every option with a value, in the order they were typed. */
  given: readonly { name: string; value: string }[];
  positionals: readonly string[];
};

/** What a command gives back: the document for --json (absent where it was printed already) and the text for people. Exit code 0 unless said. */
export type Outcome = { json?: unknown; text: string; exitCode?: number };

export type Surroundings = {
  json: boolean;
  /** A person can be asked: standard input and error are a terminal. */
  interactive: boolean;
  /** Columns of the terminal text goes to, or null where it goes to a file or pipe. */
  columns: number | null;
  env: Readonly<Record<string, string | undefined>>;
  now(): number;
  /** A line for people beside the result (standard error). */
  say(text: string): void;
  /** The result itself, for commands that give it before they end (serve). */
  print(text: string): void;
  /** Asks on the terminal; true for yes. */
  confirm(question: string): Promise<boolean>;
  progress: Progress;
};

export type CommandContext = Surroundings & {
  input: Input;
  /** The data folder that --data, PLATEN_DATA or the platform names. */
  dataFolder: string;
  /** Connects to the server that --server or the data folder names; the same connection for every call. */
  api(): Promise<Api>;
  /** A large file of that server, by the path that the API gave. */
  download(path: string): Promise<IncomingMessage>;
};

export type Command = {
  /** Words after `platen`: ["image", "list"]. */
  path: readonly string[];
  /** One line for lists of commands. */
  summary: string;
  /** What it is for, in paragraphs; shown by --help. */
  description: string;
  positionals: readonly PositionalSpec[];
  options: Readonly<Record<string, OptionSpec>>;
  examples: readonly string[];
  run(context: CommandContext): Promise<Outcome>;
};

/** A word that only groups commands ("image"), with what its help teaches. */
export type CommandGroup = { path: readonly string[]; summary: string; description: string; examples: readonly string[] };
