import { knownInAllCopies } from './copies.ts'
import { PlinthError, type Problem } from './error.ts'

/** A set can't be written, as on a full disk: whatever is gone on without, what is to be kept can't be. */
export class StorageError extends PlinthError {
  constructor(problem: Problem) {
    super([problem])
  }
}

knownInAllCopies(StorageError, 'StorageError')

/** A folder of the controller that keeps sets of files: a set is there as a whole or not at all. lib/edge has the real one. */
export interface Storage {
  /** The folder, for messages. */
  readonly where: string
  /** Whether what is written is encrypted. */
  readonly sealed: boolean
  /** The names of whole sets, oldest first where the names are times. */
  sets(): Promise<readonly string[]>
  /** What runs that were killed have left behind. */
  unfinished(): Promise<readonly string[]>
  /** Takes away what `unfinished` names. Throws a StorageError where that can't be done. */
  clear(): Promise<void>
  /** Begins a set. Throws a PlinthError where one of this name is there already, and a StorageError where none can be written. */
  begin(name: string): Promise<Draft>
  /** Every file of a set whose digest is not the one that was written with it, or that is missing or too many. */
  damaged(name: string): Promise<readonly string[]>
  /** A file of a set, opened if it was sealed. Throws a PlinthError where there is none, or it can't be opened. */
  read(name: string, file: string): Promise<Buffer>
}

/** A set while it is written: nobody takes it for a whole one. Its work throws a StorageError where it can't be done. */
export interface Draft {
  /** Writes a file, `a/b.txt`. `open` is for what holds no secret and must be readable without a password. */
  write(file: string, content: string | Uint8Array, open?: 'open'): Promise<void>
  /** Writes the digests and makes it a set, whatever happens to this process afterwards. */
  finish(): Promise<void>
  /** Takes it away; what can't be is left for the next run to clear. */
  drop(): Promise<void>
}
