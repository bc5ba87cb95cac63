import { parseAciManifest } from '@crossdock/formats'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesAccess, flattenRootTree, openAci, readRootTree, renderAci, type RootLayer } from '../../src/index.ts'
import { aciOfLayers } from '../../src/aci/from-layers.ts'
import { openAciLayer } from '../../src/aci/layer.ts'
import { readAll } from '../bodies.ts'
import { layer, layerOf, linesInTar } from '../rootfs/layers.ts'
import { applyModel, modelLayer, modelLayers } from '../rootfs/model.ts'
import { OPTIONS } from './archives.ts'

const manifest = parseAciManifest(Buffer.from('{"acKind":"ImageManifest","acVersion":"0.8.11","name":"a"}'))

function archiveOf(layers: readonly RootLayer[]): Promise<Buffer> {
  return readAll(aciOfLayers(layers, { manifest, what: 'the image' }))
}

/** The layer that an archive is read as. */
async function layerIn(archive: Uint8Array): Promise<Buffer> {
  await using opened = await openAci(bytesAccess(archive), OPTIONS)
  const [rendered] = renderAci({ archive: opened, dependencies: [] })
  return await readAll((await openAciLayer(rendered!)).open())
}

async function flat(layers: readonly RootLayer[]): Promise<readonly string[]> {
  return await linesInTar(await readAll(flattenRootTree(await readRootTree(layers), layers)))
}

describe('an archive that layers become', () => {
  it('has the manifest first, and what is left of the layers', async () => {
    const layers = [
      await layer('etc/', 'etc/a=1', 'etc/old=1', 'var/x=2'),
      await layer('etc/.wh.old', 'var/.wh..wh..opq', 'etc/link => etc/a'),
    ]
    expect(await linesInTar(await archiveOf(layers))).toStrictEqual([
      expect.stringMatching(/^manifest=\{"acKind"/),
      'rootfs/',
      'rootfs/etc/',
      'rootfs/var/',
      'rootfs/etc/a=1',
      'rootfs/etc/link => rootfs/etc/a',
    ])
  })

  it('is one of no layers, too', async () => {
    expect(await linesInTar(await layerIn(await archiveOf([])))).toStrictEqual(['./'])
  })

  it('is read as the files that they make, and becomes the same archive again', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(modelLayers, async (steps) => {
        fc.pre(applyModel(steps) !== undefined)
        const layers = await Promise.all(steps.map((all) => modelLayer(all)))
        const archive = await archiveOf(layers)
        const bytes = await layerIn(archive)
        const again = layerOf(bytes)
        expect((await linesInTar(bytes)).filter((line) => line !== './')).toStrictEqual(await flat(layers))
        expect(await archiveOf([again])).toStrictEqual(archive)
        accepted += 1
      }),
    )
    expect(accepted).toBeGreaterThan(50)
  })
})
