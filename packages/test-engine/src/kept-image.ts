/** An image without documents of its own: what a config and plain layers are. */
export interface PlainImage {
  readonly config: Buffer
  readonly layers: readonly Buffer[]
}

/** An image as content by digest. */
export interface ContentImage {
  readonly top: { readonly mediaType: string; readonly digest: string; readonly size: number }
  readonly content: ReadonlyMap<string, Buffer>
}
