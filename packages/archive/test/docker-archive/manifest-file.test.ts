import { ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseManifestFile, selectImage, usableNames } from '../../src/docker-archive/manifest-file.ts'

const parse = (document: unknown): ReturnType<typeof parseManifestFile> =>
  parseManifestFile(Buffer.from(JSON.stringify(document)), '"a.tar"')

function readsOrRefuses(run: () => void): boolean {
  try {
    run()
    return true
  } catch (error) {
    return error instanceof ImageError
  }
}

describe('manifest.json', () => {
  it('is read or refused, whatever it holds', () => {
    const field = fc.oneof(fc.jsonValue(), fc.array(fc.string()), fc.string())
    const image = fc.record({ Config: field, Layers: field, RepoTags: field }, { requiredKeys: [] })
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(image)), (document) => {
        const isInOrder = readsOrRefuses(() => {
          const images = parse(document)
          usableNames(images)
          selectImage(images, {}, 'it')
        })
        expect(isInOrder).toBe(true)
      }),
    )
  })

  it('may leave lists out, or have null for them', () => {
    expect(parse([{ Config: 'c' }, { Config: 'c', Layers: null, RepoTags: null }])).toEqual([
      { config: 'c', layers: [], repoTags: [], hasLayerSources: false },
      { config: 'c', layers: [], repoTags: [], hasLayerSources: false },
    ])
  })

  it('may say where layers are from', () => {
    expect(parse([{ Config: 'c', LayerSources: { 'sha256:0': {} } }])).toMatchObject([{ hasLayerSources: true }])
    expect(parse([{ Config: 'c', LayerSources: null }])).toMatchObject([{ hasLayerSources: false }])
  })

  it('gives an image by any spelling of its name', () => {
    const images = parse([{ Config: 'c', RepoTags: ['docker.io/library/app:1', 'index.docker.io/team/app'] }])
    for (const [path, tag] of [
      ['library/app', '1'],
      ['team/app', 'latest'],
    ] as const) {
      expect(selectImage(images, { name: { domain: 'docker.io', path, tag } }, 'it')).toBe(images[0])
    }
  })
})
