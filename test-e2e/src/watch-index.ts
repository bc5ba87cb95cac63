import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'

export interface Watched {
  readonly looks: number
  /** What it read that was no index. */
  readonly torn: readonly string[]
  /** Names that were there and then were not. */
  readonly lost: readonly string[]
}

/** Reads an index.json as often as it can, without any lock, as other programs do. */
export function watchIndex(file: string): { stop(): Promise<Watched> } {
  const ending = new AbortController()
  const torn: string[] = []
  const lost: string[] = []
  let looks = 0
  const watch = async (): Promise<void> => {
    let before: readonly string[] = []
    while (!ending.signal.aborted) {
      await turn()
      if (!existsSync(file)) continue
      const text = await readFile(file, 'utf8')
      looks += 1
      const names = namesOf(text)
      if (names === undefined) torn.push(text)
      else {
        lost.push(...before.filter((name) => !names.includes(name)))
        before = names
      }
    }
  }
  const watched = watch()
  return {
    stop: async () => {
      ending.abort()
      await watched
      return { looks, torn, lost }
    },
  }
}

function namesOf(text: string): readonly string[] | undefined {
  try {
    const { manifests } = JSON.parse(text) as { manifests: readonly { annotations: Record<string, string> }[] }
    return manifests.flatMap(({ annotations }) => Object.values(annotations))
  } catch {
    return undefined
  }
}
