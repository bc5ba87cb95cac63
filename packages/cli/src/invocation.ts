import type { OperationOptions, ProgressEvent } from '@crossdock/core'

/** Where the command reads from and writes to. */
export interface Terminal {
  readonly stdin?: NodeJS.ReadStream | undefined
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Operation extends OperationOptions {
  readonly signal: AbortSignal
  readonly onProgress: (event: ProgressEvent) => void
}

/** One call of the command. */
export interface Invocation {
  readonly terminal: Terminal
  /**
   * Runs an action under the signal of this call: Ctrl-C and `--command-timeout` end it in good order. Its listener prints
   * notes and retries as lines on stderr.
   */
  run(action: (operation: Operation) => Promise<void>): Promise<void>
  /** Data, to stdout. Resolves when it is written; rejects with `IO` if it cannot be. */
  print(data: string | Uint8Array): Promise<void>
  /** Everything else, to stderr. */
  note(text: string): void
  /** The next line of stdin, without its end; throws a `UsageError` if there is none. */
  readLine(signal: AbortSignal): Promise<string>
}
