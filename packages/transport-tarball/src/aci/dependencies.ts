import { type AciArchive, type FindDependency, openAci, openFile, type OpenArchiveOptions } from '@crossdock/archive'
import { type AciDependency, formatAciImageId, valueOf } from '@crossdock/formats'

/** Opens the archives that an image may be put on top of. Throws what opening one throws; the others are closed then. */
export async function openDependencies(
  files: readonly string[],
  options: OpenArchiveOptions,
): Promise<readonly AciArchive[]> {
  const archives: AciArchive[] = []
  try {
    for (const file of files) archives.push(await openAci(await openFile(file), options))
    return archives
  } catch (reason) {
    await closeAll(archives)
    throw reason
  }
}

export async function closeAll(archives: readonly AciArchive[]): Promise<void> {
  for (const archive of archives) await archive[Symbol.asyncDispose]()
}

/** The first that has the name, the labels and the ID that are asked for. */
export function findAmong(archives: readonly AciArchive[]): FindDependency {
  return (dependency) => archives.find((archive) => isMeant(archive, dependency))
}

function isMeant({ manifest, id }: AciArchive, { imageName, imageId, labels }: AciDependency): boolean {
  return (
    manifest.name === imageName &&
    (imageId === undefined || formatAciImageId(id).startsWith(imageId)) &&
    labels.every(({ name, value }) => valueOf(manifest.labels, name) === value)
  )
}
