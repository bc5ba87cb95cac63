import type { OperationOptions, ProgressEvent } from '@crossdock/core'

/** Where the command reads from and writes to. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** One call of the command. */
export interface Invocation {
  readonly terminal: Terminal
  /** Runs an action under the signal of this call: Ctrl-C and `--command-timeout` end it in good order. */
  run(action: (operation: OperationOptions & { readonly signal: AbortSignal }) => Promise<void>): Promise<void>
  /** Data, to stdout. */
  print(text: string): void
  /** Everything else, to stderr. */
  note(text: string): void
  /** For commands without a progress display: notes and retries as lines on stderr. */
  onProgress(event: ProgressEvent): void
}
