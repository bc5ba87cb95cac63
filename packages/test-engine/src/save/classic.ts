import { hexOf } from '../digests.ts'
import type { PlainImage } from '../kept-image.ts'
import { familiarName, splitTag } from '../names.ts'
import type { Member } from '../tar.ts'

/** An archive as `docker save` wrote it up to Docker 24: a folder for each layer, one that comes again as a link. */
export function saveClassic({ config, layers }: PlainImage, name: string | undefined): readonly Member[] {
  const members: Member[] = []
  const paths: string[] = []
  const places = new Map<string, string>()
  for (const [place, layer] of layers.entries()) {
    const id = hexOf(Buffer.from(`${hexOf(config)} ${place} ${hexOf(layer)}`))
    const path = `${id}/layer.tar`
    const twin = places.get(hexOf(layer))
    members.push(
      { path: `${id}/VERSION`, content: '1.0' },
      { path: `${id}/json`, content: JSON.stringify({ id }) },
      twin === undefined ? { path, content: layer } : { path, link: `../${twin}` },
    )
    places.set(hexOf(layer), twin ?? path)
    paths.push(path)
  }
  const list = [
    { Config: `${hexOf(config)}.json`, RepoTags: name === undefined ? null : [familiarName(name)], Layers: paths },
  ]
  return [
    ...members,
    { path: `${hexOf(config)}.json`, content: config },
    { path: 'manifest.json', content: JSON.stringify(list) },
    ...repositories(name, paths.at(-1)?.split('/')[0]),
  ]
}

/** Which layer a name stands for. */
export function repositories(name: string | undefined, layer: string | undefined): readonly Member[] {
  if (name === undefined || layer === undefined) return []
  const [repository, tag] = splitTag(familiarName(name))
  return [{ path: 'repositories', content: JSON.stringify({ [repository]: { [tag]: layer } }) }]
}
