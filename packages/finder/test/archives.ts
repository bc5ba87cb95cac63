import { type TarInput, writeTar } from '@crossdock/archive'
import { digestOf } from '@crossdock/core'
import { formatAciImageId } from '@crossdock/formats'
import { readBytes } from '@crossdock/streams'

export interface AciParts {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** Names, or entries as a manifest has them. */
  readonly dependencies?: readonly (string | object)[]
  /** What the one file of the image, which is called as the image, holds. Default: nothing. */
  readonly content?: string
  readonly app?: object
}

/** The bytes of an App Container archive. */
export async function aciOf({
  name,
  labels = {},
  dependencies = [],
  content = '',
  app,
}: AciParts): Promise<Uint8Array> {
  const manifest = {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name,
    labels: Object.entries(labels).map(([label, value]) => ({ name: label, value })),
    app,
    dependencies: dependencies.map((each) => (typeof each === 'string' ? { imageName: each } : each)),
  }
  return await tarOf([
    textFile('manifest', JSON.stringify(manifest)),
    { path: 'rootfs', type: 'directory' },
    textFile(`rootfs/${name.replaceAll('/', '_')}`, content),
  ])
}

/** A tar that is told from others by the names in it alone. */
export async function tarWith(...names: readonly string[]): Promise<Uint8Array> {
  return await tarOf(names.map((name) => textFile(name, '{}')))
}

async function tarOf(members: readonly TarInput[]): Promise<Uint8Array> {
  return await readBytes(writeTar(members), { limitBytes: 2 ** 20, what: 'an archive' })
}

function textFile(path: string, text: string): TarInput {
  const content = Buffer.from(text)
  return { path, size: content.byteLength, content }
}

/** The image ID of an archive that is not packed. */
export function imageIdOf(archive: Uint8Array): string {
  return formatAciImageId(digestOf(archive, 'sha512'))
}
