/** Bytes from `from` to before `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** A run of bytes that grows at its end. */
export interface Extent extends Span {
  /** Bytes up to here are in the file. */
  grow(to: number): void
}

/** Which bytes of a file are there while it is filled in several places at once. */
export interface Coverage {
  begin(from: number): Extent
  /** How far the bytes go without a gap from `position` on. */
  reach(position: number): number
  /** What is missing of the first `size` bytes, in order. */
  gaps(size: number): readonly Span[]
  readonly spans: readonly Span[]
  /** Resolves when more bytes have come. */
  changed(): Promise<void>
}

export function createCoverage(there: readonly Span[]): Coverage {
  const spans: Span[] = [...there]
  let waiting: PromiseWithResolvers<void> | undefined

  function reach(position: number): number {
    for (let end = position; ;) {
      const next = spans.find(({ from, to }) => from <= end && end < to)
      if (next === undefined) return end
      end = next.to
    }
  }

  return {
    spans,
    reach,
    begin(from) {
      const extent = {
        from,
        to: from,
        grow(to: number) {
          extent.to = to
          waiting?.resolve()
          waiting = undefined
        },
      }
      spans.push(extent)
      return extent
    },
    gaps(size) {
      const gaps: Span[] = []
      for (let from = reach(0); from < size;) {
        const starts = spans.filter((span) => span.from > from && span.to > span.from).map((span) => span.from)
        const to = Math.min(size, ...starts)
        gaps.push({ from, to })
        from = reach(to)
      }
      return gaps
    },
    changed() {
      waiting ??= Promise.withResolvers()
      return waiting.promise
    },
  }
}
