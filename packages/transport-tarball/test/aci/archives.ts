import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TarInput, writeTar } from '@crossdock/archive'
import { temporaryFolder } from '../temporary-folder.ts'
import { bytesOf } from '../read-image.ts'

export const APP = { exec: ['/bin/app'], user: '1', group: '2' }
export const LINUX = [
  { name: 'os', value: 'linux' },
  { name: 'arch', value: 'amd64' },
]

/** The bytes of an archive with these members below `rootfs`. */
export async function aciBytes(manifest: object, files: readonly TarInput[]): Promise<Buffer> {
  const document = { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/app', ...manifest }
  const content = Buffer.from(JSON.stringify(document))
  const members: readonly TarInput[] = [
    { path: 'rootfs', type: 'directory', mode: 0o711 },
    ...files.map((each) => ({ ...each, path: `rootfs/${each.path}` })),
    { path: 'manifest', size: content.byteLength, content },
  ]
  return await bytesOf(writeTar(members))
}

/** The same in a file of its own folder. */
export async function aciFile(manifest: object, files: readonly TarInput[]): Promise<string> {
  const path = join(await temporaryFolder(), 'app.aci')
  await writeFile(path, await aciBytes(manifest, files))
  return path
}

export function textFile(path: string, text = ''): TarInput {
  const content = Buffer.from(text)
  return { path, size: content.byteLength, content }
}
