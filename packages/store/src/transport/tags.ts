import { type OperationOptions, parseDockerReference, repositoryName } from '@crossdock/core'
import type { Opened } from './opened.ts'

/** The tags of the repository that the name is of; beside a name that is no Docker reference, those that are none either. */
export async function listTags(
  { store, location }: Pick<Opened, 'store' | 'location'>,
  operation: OperationOptions = {},
): Promise<readonly string[]> {
  const { docker } = location
  if (docker === undefined) {
    const records = await store.images.list([], operation)
    return records.map(({ name }) => name).filter((name) => !isFullName(name))
  }
  const prefix = `${repositoryName(docker)}:`
  const pattern = `^${prefix.replaceAll('.', '[.]')}[^/@]+$`
  const records = await store.images.list([`name~="${pattern}"`], operation)
  return records.map(({ name }) => name.slice(prefix.length))
}

function isFullName(name: string): boolean {
  const slash = name.indexOf('/')
  if (slash < 0) return false
  try {
    return parseDockerReference(name).domain === name.slice(0, slash)
  } catch {
    return false
  }
}
