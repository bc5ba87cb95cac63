import type { OperationOptions, ProgressEvent } from '@crossdock/core'

/** Where the command reads from and writes to. */
export interface Terminal {
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
  /** Data, to stdout. */
  print(text: string): void
  /** Everything else, to stderr. */
  note(text: string): void
}
