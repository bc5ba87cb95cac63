import { join } from 'node:path'
import { bytesBody, type Digest, type Signature } from '@crossdock/core'
import { randomBytes, recordedBody, rootDescriptor, testBlob } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { CHILDREN_RUN, startChild } from '../../blob-files/test/children/run-child.ts'
import { dirTransport } from '../src/index.ts'
import { signaturesOf, signedIndex, writeSigned } from './children/signed-images.ts'
import { fileName, namesIn, namesOf, readImage, strayFiles, wrongFiles } from './content.ts'
import { temporaryFolder } from './temporary-folder.ts'

const dir = dirTransport()
/** For what is not looked at. */
const fast = dirTransport({ durability: 'fast' })
const DIE_AT_STEP = new URL('children/die-at-step.ts', import.meta.url)
const WRITE_SLOWLY = new URL('children/write-slowly.ts', import.meta.url)

describe.runIf(process.platform !== 'win32' && CHILDREN_RUN)('a process that is killed', () => {
  it('while it writes a blob leaves its bytes to the next', async () => {
    const folder = await temporaryFolder()
    const [size, killAt] = [5_000_000, 3_456_789]
    const { signal } = await startChild(WRITE_SLOWLY, [folder, String(size), String(killAt)]).ended
    expect(signal).toBe('SIGKILL')
    expect(await namesIn(folder)).toEqual(['version'])
    const { bytes, descriptor } = testBlob(randomBytes(size, 'slowly'))
    await using destination = await dir.parseReference(folder).openDestination()
    const kept = (await destination.partialBlob?.(descriptor)) ?? 0
    expect(kept).toBeGreaterThan(killAt - 2_200_000)
    const body = recordedBody(bytesBody(bytes))
    await destination.putBlob(body, descriptor)
    expect(body.offsets).toEqual([kept])
    expect(await wrongFiles(folder)).toEqual([])
    expect(await strayFiles(folder)).toEqual([])
  })

  it('at any step of replacing an image leaves the old one or the new one whole, and nothing after the next run', async () => {
    const seeds = { from: 'old 2', to: 'new 1' }
    const complete = await temporaryFolder()
    await writeSigned(dir.parseReference(complete), seeds.from)
    const { output } = await startChild(DIE_AT_STEP, [complete, seeds.to, '0']).ended
    const steps = Number(output)
    expect(steps).toBeGreaterThan(50)
    expect(await stateOf(complete, seeds.to)).toBe('complete')

    const outcomes = new Set<string>()
    const run = async (step: number): Promise<void> => {
      const folder = await temporaryFolder()
      const reference = fast.parseReference(folder)
      await writeSigned(reference, seeds.from)
      const { signal } = await startChild(DIE_AT_STEP, [folder, seeds.to, String(step)]).ended
      expect(signal).toBe('SIGKILL')
      const outcome = await outcomeOf(folder, seeds)
      outcomes.add(outcome)
      expect(await wrongFiles(folder)).toEqual([])
      await using destination = await reference.openDestination()
      const isDone = await destination.hasManifest?.(rootDescriptor(signedIndex(seeds.to)))
      expect(isDone === true ? outcome : 'new complete').toBe('new complete')
      if (isDone !== true) await writeSigned(reference, seeds.to)
      expect(await stateOf(folder, seeds.to)).toBe('complete')
      expect(await strayFiles(folder)).toEqual([])
    }
    // Every step of the commit, which is what comes last, and every tenth one before.
    const queue = Array.from({ length: steps }, (_, index) => index + 1).filter(
      (step) => step % 10 === 0 || step > steps - 38,
    )
    const worker = async (): Promise<void> => {
      for (let step = queue.shift(); step !== undefined; step = queue.shift()) await run(step)
    }
    await Promise.all([worker(), worker()])
    expect(outcomes).toEqual(new Set(['old', 'new', 'new complete']))
  }, 120_000)

  it('while it makes the folder leaves something that can be gone on with', async () => {
    for (const step of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const folder = join(await temporaryFolder(), 'new')
      await startChild(DIE_AT_STEP, [folder, 'new', String(step)]).ended
      await writeSigned(dir.parseReference(folder), 'new')
      expect(await stateOf(folder, 'new')).toBe('complete')
      expect(await strayFiles(folder)).toEqual([])
    }
  })
})

/** What the folder stands for: the old image with its signatures, or the new one with any of both. */
async function outcomeOf(folder: string, { from, to }: { from: string; to: string }): Promise<string> {
  const digest = await readImage(folder)
  const signatures = await read(folder)
  const [old, young] = [signaturesOf(from), signaturesOf(to)].map((list) => list.map((one) => JSON.stringify(one)))
  const isOld = digest === signedIndex(from).root.digest
  const known = isOld ? old : [...(old ?? []), ...(young ?? [])]
  const strange = signatures.flat().filter((one) => known?.includes(JSON.stringify(one)) !== true)
  if (strange.length > 0) return `${digest} with ${JSON.stringify(strange)}`
  if (isOld) return signatures.every((list) => list.length === old?.length) ? 'old' : 'old without signatures'
  if (digest !== signedIndex(to).root.digest) return digest
  return (await stateOf(folder, to)) === 'complete' ? 'new complete' : 'new'
}

/** Whether the folder is exactly as the image of the seed has it. */
async function stateOf(folder: string, seed: string): Promise<string> {
  const image = signedIndex(seed)
  const owners = ['', ...instancesOf(seed).map((digest) => `${fileName(digest)}.`)]
  const numbers = signaturesOf(seed).map((_, index) => index + 1)
  const signed = owners.flatMap((owner) => numbers.map((number) => `${owner}signature-${number}`))
  const expected = [...namesOf(image), ...signed].toSorted()
  const isEqual =
    (await readImage(folder)) === image.root.digest &&
    JSON.stringify(await namesIn(folder)) === JSON.stringify(expected) &&
    JSON.stringify(await read(folder)) === JSON.stringify(Array(owners.length).fill(signaturesOf(seed)))
  return isEqual ? 'complete' : `has ${(await namesIn(folder)).join(', ')}`
}

/** The signatures of the image, and of each instance. */
async function read(folder: string): Promise<(readonly Signature[])[]> {
  await using source = await dir.parseReference(folder).openSource()
  const { bytes } = await source.getManifest()
  const { manifests } = JSON.parse(Buffer.from(bytes).toString()) as { manifests: { digest: Digest }[] }
  const owners = [undefined, ...manifests.map(({ digest }) => digest)]
  return await Promise.all(owners.map((owner) => source.getSignatures(owner)))
}

function instancesOf(seed: string): Digest[] {
  const { root, manifests } = signedIndex(seed)
  return manifests.map(({ digest }) => digest).filter((digest) => digest !== root.digest)
}
