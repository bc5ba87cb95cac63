import { join } from 'node:path'
import { digestOf, parseDockerReference } from '@crossdock/core'
import { addToHostFile, type HostFile, readHostFile } from './host-file.ts'
import { type BlobLocation, type KnownLocations, memoryLocations } from './known-locations.ts'

/**
 * Locations that later processes know as well: in files of a folder, one for each host. The folder is made when it is needed and readable
 * to its owner alone. What other processes add while the value lives is not seen.
 */
export function folderLocations(folder: string): KnownLocations {
  const memory = memoryLocations()
  const files = new Map<string, Promise<HostFile>>()
  let added: BlobLocation[] = []

  const pathOf = (host: string): string => join(folder, digestOf(Buffer.from(host)).slice('sha256:'.length))
  function stored(host: string): Promise<HostFile> {
    const file = files.get(host) ?? readHostFile(pathOf(host))
    files.set(host, file)
    return file
  }

  async function keep(host: string, locations: readonly BlobLocation[]): Promise<void> {
    const file = await stored(host)
    const latest = new Map(locations.map(({ digest, repository }) => [digest as string, repository]))
    const news = [...latest].filter(([digest, repository]) => file.repositories.get(digest) !== repository)
    if (news.length === 0) return
    await addToHostFile(pathOf(host), file, news)
    const repositories = new Map([...file.repositories, ...news])
    files.set(host, Promise.resolve({ repositories, isFull: false }))
  }

  return {
    add: (location) => {
      memory.add(location)
      added.push(location)
    },
    neighbour: async (location) => {
      const near = await memory.neighbour(location)
      if (near !== undefined) return near
      const known = (await stored(location.host)).repositories.get(location.digest)
      return known === location.repository || !isRepository(known) ? undefined : known
    },
    flush: async () => {
      const byHost = Map.groupBy(added, ({ host }) => host)
      added = []
      // A storage that cannot be written to costs bytes another time, and not this image.
      for (const [host, locations] of byHost) await keep(host, locations).catch(() => undefined)
    },
  }
}

/** The file may say anything, and what it says becomes part of a request. */
function isRepository(text: string | undefined): text is string {
  try {
    return parseDockerReference(`registry.invalid/${text ?? ''}`).path === text
  } catch {
    return false
  }
}
