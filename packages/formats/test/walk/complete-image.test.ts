import { type Descriptor, ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { completeImage, type CompleteImageOptions, OCI_CONFIG } from '../../src/index.ts'
import { createGraph } from './graph.ts'

const graph = createGraph()
const image = graph.image('a')
const [config, layer] = [graph.blob('config of a', OCI_CONFIG), graph.blob('layer of a')]

function look(options: Partial<CompleteImageOptions> = {}): CompleteImageOptions {
  return { read: graph.read, has: async () => true, isListed: () => expect.fail('it has no subject'), ...options }
}

function failing(code: 'DIGEST_MISMATCH' | 'INVALID_DATA' | 'IO'): Partial<CompleteImageOptions> {
  return { read: () => Promise.reject(new ImageError(code, 'it is as it is')) }
}

describe('completeImage', () => {
  it('gives all of an image that is whole', async () => {
    expect(await completeImage(image, look())).toStrictEqual([image, config, layer])
  })

  it('gives nothing of one that lacks something', async () => {
    expect(await completeImage(image, look({ has: async ({ digest }) => digest !== layer.digest }))).toBeUndefined()
  })

  it.each(['DIGEST_MISMATCH', 'INVALID_DATA'] as const)('takes a document with %s for missing', async (code) => {
    expect(await completeImage(image, look(failing(code)))).toBeUndefined()
  })

  it('throws what the system fails with', async () => {
    await expect(completeImage(image, look(failing('IO')))).rejects.toMatchObject({ code: 'IO' })
  })

  it.each([true, false])('asks whether a referrer is listed at its subject: %s', async (listed) => {
    const referrer = graph.index([], { subject: image })
    const asked: Descriptor[] = []
    const isListed = async (subject: Descriptor): Promise<boolean> => {
      asked.push(subject)
      return listed
    }
    expect((await completeImage(referrer, look({ isListed }))) !== undefined).toBe(listed)
    expect(asked).toStrictEqual([image])
  })
})
