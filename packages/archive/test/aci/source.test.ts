import { digestOf, type ImageReference, type Referrer } from '@crossdock/core'
import { ACI_ARTIFACT, aciPartsOf, parseManifest } from '@crossdock/formats'
import { describe, expect, it } from 'vitest'
import {
  type AciSource,
  type AciSourceOptions,
  bytesAccess,
  createAciSource,
  isAciSource,
  openAci,
} from '../../src/index.ts'
import { readAll } from '../bodies.ts'
import { aciFixture, aciOf, among, dependingOn, imageOf, OPTIONS, textFile } from './archives.ts'

const reference: ImageReference = {
  transport: {
    '~transport': { contract: 1, vendor: 'test' },
    name: 'test',
    parseReference: () => reference,
    validatePolicyScope: () => undefined,
  },
  toString: () => 'it',
}

async function sourceOf(bytes: Uint8Array, options: Partial<AciSourceOptions> = {}): Promise<AciSource> {
  return createAciSource(await openAci(bytesAccess(bytes), OPTIONS), { reference, ...options })
}

const SIGNATURE = Buffer.from('a signature')

async function referrersOf(source: AciSource): Promise<readonly Referrer[]> {
  const { digest } = await source.getManifest()
  const found: Referrer[] = []
  for await (const referrer of source.referrers?.(digest) ?? []) found.push(referrer)
  return found
}

describe('an image that is made when it is asked for', () => {
  it('looks for nothing before, so that its signature can be judged first', async () => {
    const asked: string[] = []
    const base = await imageOf('base', { files: ['x'] })
    const bytes = await aciOf({ name: 'top', ...dependingOn('base') }, [textFile('y')])
    await using source = await sourceOf(bytes, {
      signature: SIGNATURE,
      find(dependency) {
        asked.push(dependency.imageName)
        return among([base])(dependency)
      },
    })
    expect(await source.getSignatures()).toMatchObject([{ format: 'simple', detached: true, bytes: SIGNATURE }])
    expect(asked).toStrictEqual([])
    const [one, other] = await Promise.all([source.getManifest(), source.getManifest()])
    expect(asked).toStrictEqual(['base'])
    expect(one).toStrictEqual(other)
    const manifest = parseManifest(one)
    expect(manifest).toMatchObject({ kind: 'image', layers: [{}, {}] })
  })

  it('can be asked for again after an abort', async () => {
    await using source = await sourceOf(aciFixture('minimal.aci'))
    const reason = new Error('enough')
    await expect(source.getManifest(undefined, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(source.getManifest()).resolves.toMatchObject({ digest: expect.stringMatching(/^sha256:/) })
  })

  it.each([[{}], [{ attach: true }]])(
    'is not made of a file that others wrote into since it was judged: %j',
    async (options) => {
      const [top, base] = [
        await aciOf({ name: 'top', ...dependingOn('base') }, [textFile('x', 'of the top')]),
        await aciOf({ name: 'base' }, [textFile('y', 'of the base')]),
      ]
      for (const bytes of [top, base]) {
        const below = await openAci(bytesAccess(base), OPTIONS)
        await using source = await sourceOf(top, { ...options, find: among([below]) })
        const at = Buffer.from(bytes).indexOf('of the')
        bytes[at]! ^= 1
        await expect(source.getManifest()).rejects.toMatchObject({ code: 'CONFLICT' })
        bytes[at]! ^= 1
        await expect(source.getManifest()).resolves.toBeDefined()
      }
    },
  )

  it('is told from others', async () => {
    await using source = await sourceOf(aciFixture('minimal.aci'))
    expect(isAciSource(source)).toBe(true)
    const { aci: _, ...other } = source
    expect(isAciSource(other)).toBe(false)
  })
})

describe('the archive as a referrer', () => {
  it('is there if it is asked for alone', async () => {
    await using source = await sourceOf(aciFixture('minimal-gzip.aci'))
    expect(source.referrers).toBeUndefined()
    expect(await referrersOf(source)).toStrictEqual([])
  })

  it('is the file as it was published, with its signature', async () => {
    const bytes = aciFixture('minimal-gzip.aci')
    await using source = await sourceOf(bytes, { attach: true, signature: SIGNATURE })
    const image = await source.getManifest()
    const [referrer, ...others] = await referrersOf(source)
    expect(others).toStrictEqual([])
    expect(referrer).toMatchObject({ artifactType: ACI_ARTIFACT })
    const artifact = await source.getManifest(referrer!.digest)
    expect(digestOf(artifact.bytes)).toBe(referrer!.digest)
    const manifest = parseManifest(artifact)
    expect(manifest).toMatchObject({ subject: { digest: image.digest, size: image.bytes.byteLength } })
    const parts = aciPartsOf(manifest)
    await using archive = await source.getBlob(parts!.archive)
    expect(await readAll(archive)).toStrictEqual(Buffer.from(bytes))
    await using rest = await source.getBlob(parts!.archive, { offset: 10, end: 20 })
    expect(await readAll(rest)).toStrictEqual(Buffer.from(bytes.subarray(10, 20)))
    await using signature = await source.getBlob(parts!.signature!)
    expect(await readAll(signature)).toStrictEqual(SIGNATURE)
    expect(await source.getSignatures(artifact.digest)).toStrictEqual([])
    expect(await source.getSignatures(image.digest)).toHaveLength(1)
  })

  it('has no signature if there is none', async () => {
    await using source = await sourceOf(aciFixture('minimal.aci'), { attach: true })
    const [referrer] = await referrersOf(source)
    const parts = aciPartsOf(parseManifest(await source.getManifest(referrer!.digest)))
    expect(parts?.signature).toBeUndefined()
    expect(parts?.archive.size).toBe(aciFixture('minimal.aci').byteLength)
  })
})
