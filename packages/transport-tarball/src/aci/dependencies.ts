import { type AciArchive, type FindDependency, openAci, openFile, type OpenArchiveOptions } from '@crossdock/archive'
import { type AciDependency, formatAciImageId, valueOf } from '@crossdock/formats'

/** Archives that an image may be put on top of. Disposing closes them. */
export interface Dependencies extends AsyncDisposable {
  readonly find: FindDependency
}

/** Files are opened when one of them is first asked for. `find` throws what opening them throws. */
export function dependenciesIn(files: readonly string[], options: Omit<OpenArchiveOptions, 'signal'>): Dependencies {
  const opened = new Map<string, AciArchive>()
  return {
    async find(dependency, operation) {
      for (const file of files) {
        const archive =
          opened.get(file) ?? (await openAci(await openFile(file), { ...options, signal: operation?.signal }))
        opened.set(file, archive)
        if (isMeant(archive, dependency)) return archive
      }
      return undefined
    },
    async [Symbol.asyncDispose]() {
      for (const archive of opened.values()) await archive[Symbol.asyncDispose]()
    },
  }
}

function isMeant({ manifest, id }: AciArchive, { imageName, imageId, labels }: AciDependency): boolean {
  return (
    manifest.name === imageName &&
    (imageId === undefined || formatAciImageId(id).startsWith(imageId)) &&
    labels.every(({ name, value }) => valueOf(manifest.labels, name) === value)
  )
}
