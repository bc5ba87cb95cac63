import { ImageError } from '@crossdock/core'
import { memoryTransport, testImage, type TracedCall, tracing } from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { copyImage, planCopy } from '../src/index.ts'

test.each([copyImage, planCopy])('policy sees the bytes before anything else is read (%o)', async (operate) => {
  const memory = memoryTransport()
  const image = testImage()
  memory.store.put('from:1', image)
  const log: TracedCall[] = []
  const traced = tracing(memory, log)
  const refusal = new ImageError('REJECTED_BY_POLICY', 'no')
  const refused = operate(traced.parseReference('from:1'), traced.parseReference('to:1'), {
    admit: async (unparsed, { signal }) => {
      expect(signal).toBeInstanceOf(AbortSignal)
      expect((await unparsed.manifest()).bytes).toEqual(image.root.bytes)
      throw refusal
    },
  })
  await expect(refused).rejects.toBe(refusal)
  expect(log.map(({ method }) => method)).toEqual([
    'reference.openSource',
    'reference.openDestination',
    'source.getManifest',
  ])
  expect(memory.store.has('to')).toBe(false)
})

test('what was judged is what is copied: the tag is resolved once', async () => {
  const memory = memoryTransport()
  const [judged, swapped] = [testImage({ seed: 'judged' }), testImage({ seed: 'swapped' })]
  memory.store.put('from:1', judged)
  const result = await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
    admit: async (unparsed) => {
      await unparsed.manifest()
      memory.store.put('from:1', swapped)
    },
  })
  expect(result.digest).toBe(judged.root.digest)
  expect(memory.store.digest('to:1')).toBe(judged.root.digest)
})
