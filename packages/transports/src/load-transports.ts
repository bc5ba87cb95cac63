import type { ImageTransport } from '@crossdock/core'
import type { DefaultTransportsOptions } from './default-transports.ts'

type Load = (options: DefaultTransportsOptions) => Promise<ImageTransport>

/** Those that need no other one. */
const LOADERS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['docker', async ({ docker }) => (await import('@crossdock/transport-docker')).dockerTransport(docker)],
  ['oci', async ({ ociDir }) => (await import('@crossdock/transport-oci-dir')).ociDirTransport(ociDir)],
  ['dir', async ({ dir }) => (await import('@crossdock/transport-dir')).dirTransport(dir)],
  [
    'oci-archive',
    async ({ ociArchive }) => (await import('@crossdock/transport-tarball')).ociArchiveTransport(ociArchive),
  ],
  [
    'docker-archive',
    async ({ dockerArchive }) => (await import('@crossdock/transport-tarball')).dockerArchiveTransport(dockerArchive),
  ],
  ['tarball', async ({ tarball }) => (await import('@crossdock/transport-tarball')).tarballTransport(tarball)],
  [
    'docker-daemon',
    async ({ dockerDaemon }) =>
      (await import('@crossdock/transport-docker-daemon')).dockerDaemonTransport(dockerDaemon),
  ],
  ['store', async ({ store }) => (await import('@crossdock/store')).storeTransport(store)],
])

/**
 * The built-in transports of these names, without loading the others: for programs that are to start quickly. If one of them reads through
 * others, or is not known, it is all of them, so that a registry can say which there are.
 */
export async function loadTransports(
  names: Iterable<string>,
  options: DefaultTransportsOptions = {},
): Promise<readonly ImageTransport[]> {
  const loaders = [...new Set(names)].map((name) => LOADERS.get(name))
  const known = loaders.filter((load) => load !== undefined)
  if (known.length < loaders.length) return (await import('./default-transports.ts')).defaultTransports(options)
  return await Promise.all(known.map((load) => load(options)))
}
