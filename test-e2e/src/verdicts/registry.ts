import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { MANIFEST_TYPE, type TableImage } from './image.ts'

const HOSTS = [
  'registry.example.com',
  'registry.example.com:5000',
  'sub.registry.example.com',
  'other.example.org',
  'docker.io',
  'localhost',
]
const REPOSITORIES = ['app', 'team/app', 'team-evil/app', 'library/app']
const TAGS = ['1', '2', 'latest']

export interface TableRegistry extends AsyncDisposable {
  /** Flags that make every host of the tables this registry. */
  readonly flags: readonly string[]
  /** A folder for `--registries.d` by which every image of the registry has this signature. */
  lookaside(signature: Buffer): string
}

/** A registry that has the image under all names of the tables. */
export async function serveTableImage(image: TableImage, work: string): Promise<TableRegistry> {
  const server = await startRegistry()
  const put = async (path: string, body: Buffer, type: string): Promise<void> => {
    const headers = { 'content-type': type }
    const answer = await fetch(`http://${server.host}/v2/${path}`, {
      method: 'PUT',
      headers,
      body: new Uint8Array(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  }
  for (const repository of REPOSITORIES) {
    for (const [digest, bytes] of image.blobs) {
      const begun = await fetch(`http://${server.host}/v2/${repository}/blobs/uploads/`, { method: 'POST' })
      const location = new URL(begun.headers.get('location') ?? '', `http://${server.host}`)
      location.searchParams.set('digest', digest)
      await put(location.href.slice(`http://${server.host}/v2/`.length), bytes, 'application/octet-stream')
    }
    for (const tag of TAGS) await put(`${repository}/manifests/${tag}`, image.manifest, MANIFEST_TYPE)
  }
  const file = join(work, 'registries.conf')
  writeFileSync(
    file,
    HOSTS.map((host) => `[[registry]]\nprefix = "${host}"\nlocation = "${server.host}"\ninsecure = true\n`).join('\n'),
  )
  let lookasides = 0
  return {
    flags: ['--registries-conf', file],
    lookaside: (signature) => {
      const folder = join(work, `lookaside-${(lookasides += 1)}`)
      for (const repository of REPOSITORIES) {
        const place = join(folder, 'signatures', `${repository}@${image.digest.replace(':', '=')}`)
        mkdirSync(place, { recursive: true })
        writeFileSync(join(place, 'signature-1'), signature)
      }
      writeFileSync(join(folder, 'default.yaml'), `default-docker:\n  lookaside: file://${folder}/signatures\n`)
      return folder
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}
