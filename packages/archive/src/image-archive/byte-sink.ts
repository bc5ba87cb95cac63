/** Where bytes go in order and cannot be taken back from: a request, a pipe. Disposing before `finish` breaks it off. */
export interface ByteSink extends AsyncDisposable {
  /** Gives bytes on, and with them the chunk. They are taken however little the other side takes, so that `ready` is to be waited for. */
  send(chunk: Uint8Array): void
  /** Waits until the other side takes more. Throws what it refuses the bytes for. */
  ready(signal: AbortSignal | undefined): Promise<void>
  /** Says that no more bytes come, and waits until all have arrived. Throws as `ready` does. */
  finish(signal: AbortSignal | undefined): Promise<void>
}
