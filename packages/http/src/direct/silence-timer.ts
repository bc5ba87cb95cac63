/** Ends a wait in which nothing happens for too long. */
export interface SilenceTimer {
  /** Begins to watch, for `ms` from now on, and after each `touch`. Watching for the same again is a `touch`. */
  watch(ms: number, tooLong: () => void): void
  touch(): void
  stop(): void
}

export function createSilenceTimer(): SilenceTimer {
  let timer: ReturnType<typeof setTimeout> | undefined
  let watched: (() => void) | undefined
  return {
    watch(ms, tooLong) {
      if (timer !== undefined && watched === tooLong) {
        timer.refresh()
        return
      }
      clearTimeout(timer)
      watched = tooLong
      timer = setTimeout(tooLong, ms)
    },
    touch: () => void timer?.refresh(),
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
