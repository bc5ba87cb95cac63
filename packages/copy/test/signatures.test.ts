import { memoryTransport, testImage, testIndex, wrapTransport } from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { copyImage } from '../src/index.ts'

const signatures = [{ format: 'simple' as const, bytes: new Uint8Array([1, 2, 3]) }]

test('signatures come along', async () => {
  const memory = memoryTransport()
  const image = testImage()
  memory.store.put('from:1', image, { signatures })
  await copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'))
  expect(memory.store.repository('to').signatures.get(image.root.digest)).toEqual(signatures)
})

test('of an image that is there already come along, too', async () => {
  const [from, to] = [memoryTransport(), memoryTransport()]
  const image = testImage()
  from.store.put('from:1', image)
  to.store.put('to:1', image)
  const copy = () => copyImage(from.parseReference('from:1'), to.parseReference('to:1'))
  expect(await copy()).toMatchObject({ upToDate: true })
  from.store.put('from:1', image, { signatures })
  await copy()
  expect(to.store.repository('to').signatures.get(image.root.digest)).toEqual(signatures)
})

test('a destination without a place for them is refused, unless they may be dropped', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', testImage(), { signatures })
  const to = wrapTransport(memory, { destination: ({ putSignatures: _, ...destination }) => destination })
  const copy = (choice?: 'drop') =>
    copyImage(memory.parseReference('from:1'), to.parseReference('to:1'), { signatures: choice })
  await expect(copy()).rejects.toMatchObject({ code: 'UNSUPPORTED', side: 'destination' })
  await copy('drop')
  expect(memory.store.digest('to:1')).toBe(memory.store.digest('from:1'))
})

test('a signed index is not rewritten in silence', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', testIndex(), { signatures })
  const copy = (choice?: 'drop') =>
    copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
      platforms: ['linux/amd64'],
      signatures: choice,
    })
  await expect(copy()).rejects.toThrow(/the index is signed/)
  expect((await copy('drop')).digest).not.toBe(memory.store.digest('from:1'))
})
