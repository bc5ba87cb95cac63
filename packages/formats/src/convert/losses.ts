import { type Descriptor, quoteForeign } from '@crossdock/core'
import type { ImageManifest } from '../manifest.ts'
import type { Schema1Manifest } from '../schema1.ts'

/** More names than this are not told one by one. */
const MAX_NAMES = 12

/** What a Docker schema 2 manifest has no place for. */
export function lossesToDocker(manifest: ImageManifest): readonly string[] {
  const { annotations, artifactType, subject, config, layers } = manifest
  const annotated = [config, ...layers].filter((blob) => Object.keys(blob.annotations ?? {}).length > 0).length
  return sentences([
    [Object.keys(annotations).length > 0, `the annotations of the manifest: ${names(Object.keys(annotations))}`],
    [annotated > 0, `the annotations of ${annotated} of its blobs`],
    [subject !== undefined, `its subject ${subject?.digest}: it is no referrer any more`],
    [artifactType !== undefined, `its artifact type "${quoteForeign(artifactType ?? '', 100)}"`],
  ])
}

/** What an OCI image has no place for; `dropped` are the config's fields. */
export function lossesToOci(manifest: ImageManifest, dropped: readonly string[]): readonly string[] {
  return [...lossesToDocker(manifest), ...lossesOfConfig(dropped)]
}

/** What layers said before they were edited, and say no more. */
export function lossesOfEdits(before: readonly Descriptor[], after: readonly Descriptor[]): readonly string[] {
  const lose = (says: (layer: Descriptor | undefined) => boolean): number =>
    before.filter((layer, index) => says(layer) && !says(after[index])).length
  const annotations = lose((layer) => Object.keys(layer?.annotations ?? {}).length > 0)
  const urls = lose((layer) => (layer?.urls?.length ?? 0) > 0)
  return sentences([
    [annotations > 0, `the annotations of ${annotations} layers that have changed`],
    [urls > 0, `the URLs of ${urls} layers`],
  ])
}

/** The config's fields that OCI does not have. */
export function lossesOfConfig(dropped: readonly string[]): readonly string[] {
  return sentences([[dropped.length > 0, `fields of the config: ${names(dropped)}`]])
}

/** What Docker schema 1 has no place for. */
export function lossesToSchema1(manifest: ImageManifest): readonly string[] {
  const { layers } = manifest
  return [
    ...lossesToDocker(manifest),
    'the media types and sizes of the layers, and their diff IDs',
    ...sentences([[layers.some(({ urls }) => (urls?.length ?? 0) > 0), 'the URLs of its layers']]),
  ]
}

/** What is lost of schema 1 on the way to the others. */
export function lossesFromSchema1({ name, tag, layers }: Schema1Manifest, signed: boolean): readonly string[] {
  const empty = layers.filter(({ history }) => history.emptyLayer).length
  return sentences([
    [signed, 'the signatures in the manifest'],
    [name !== '' || tag !== '', `the name "${quoteForeign(`${name}:${tag}`, 200)}" in the manifest`],
    [empty > 0, `${empty} empty layers: they are left out`],
  ])
}

function sentences(candidates: readonly (readonly [applies: boolean, sentence: string])[]): readonly string[] {
  return candidates.flatMap(([applies, sentence]) => (applies ? [sentence] : []))
}

function names(all: readonly string[]): string {
  const shown = quoteForeign(all.slice(0, MAX_NAMES).join(', '), 500)
  return all.length > MAX_NAMES ? `${shown} and ${all.length - MAX_NAMES} more` : shown
}
