import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHttpClient } from '@crossdock/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createHttpOperations,
  fetchSigned,
  localSignature,
  remoteSignature,
  type SignatureFetcher,
  signatureUrl,
} from '../../src/index.ts'
import { fileServer } from '../file-server.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** A server that answers with these statuses, one after the other; of 200 the signature comes along. */
async function remote(...statuses: readonly number[]): Promise<SignatureFetcher> {
  const left = [...statuses]
  const { base } = await fileServer((_, response) => void response.writeHead(left.shift() ?? 500).end('signature'))
  const client = createHttpClient({ proxy: false, maxAttempts: 1 })
  onTestFinished(() => client.close())
  return remoteSignature(new URL(`http:${base}/app.aci.asc`), createHttpOperations({ client }))
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

describe('a signature behind a URL', () => {
  it.each([
    [200, 'signature'],
    [202, 'deferred'],
    [404, 'none'],
    [410, 'none'],
  ])('with status %i: %s', async (status, kind) => {
    expect(await (await remote(status)).fetch()).toMatchObject({ kind })
  })

  it.each([
    [206, 'INVALID_DATA'],
    [304, 'INVALID_DATA'],
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [416, 'INVALID_DATA'],
    [503, 'UNAVAILABLE'],
  ])('with status %i fails: %s', async (status, code) => {
    await expect((await remote(status)).fetch()).rejects.toMatchObject({
      code,
      message: expect.stringContaining('app.aci.asc'),
    })
  })

  it('lies beside its image', () => {
    expect(signatureUrl(new URL('https://h/a.aci?x=1')).href).toBe('https://h/a.aci.asc?x=1')
  })
})

it('a signature in a file has to be there', async () => {
  const path = join(await temporaryFolder(), 'app.aci.asc')
  await expect(localSignature(path).fetch()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await writeFile(path, 'signature')
  expect(await localSignature(path).fetch()).toMatchObject({ kind: 'signature' })
})

/** What was done, in order. */
const fetching = (fetcher: SignatureFetcher, allowUnsigned = false) => {
  const done: string[] = []
  const result = fetchSigned(fetcher, {
    allowUnsigned,
    check: (signature) => void done.push(`check ${text(signature)}`),
    fetchImage: async () => {
      done.push('image')
      return 'the image'
    },
  })
  return { done, result }
}

describe('a signed image', () => {
  it('is fetched when its signature was looked at', async () => {
    const { done, result } = fetching(await remote(200))
    expect(text((await result).signature)).toBe('signature')
    expect(done).toEqual(['check signature', 'image'])
  })

  it('is fetched first where the server asks for that', async () => {
    const { done, result } = fetching(await remote(202, 200))
    expect(text((await result).signature)).toBe('signature')
    expect(done).toEqual(['image'])
  })

  it('fails where the server asks for that twice', async () => {
    await expect(fetching(await remote(202, 202)).result).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('is not fetched without one, unless it may be', async () => {
    const { done, result } = fetching(await remote(404))
    await expect(result).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
    expect(done).toEqual([])
    expect(await fetching(await remote(404), true).result).toEqual({ image: 'the image', signature: undefined })
  })

  it('is not fetched when its signature is of no use', async () => {
    let isFetched = false
    const result = fetchSigned(await remote(200), {
      allowUnsigned: true,
      check: () => {
        throw new Error('no such key')
      },
      fetchImage: async () => void (isFetched = true),
    })
    await expect(result).rejects.toThrow('no such key')
    expect(isFetched).toBe(false)
  })
})
