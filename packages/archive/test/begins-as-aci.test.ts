import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { beginsAsAci, bytesAccess } from '../src/index.ts'
import { rawHeader, rawMember, rawTar } from './raw-tar.ts'

const options = { maxUnpackedBytes: 2 ** 20 }

describe('beginsAsAci', () => {
  test.each([
    ['manifest', true],
    ['./manifest', true],
    ['rootfs/bin/sh', true],
    ['manifest.json', false],
    ['rootfs.tar', false],
    ['oci-layout', false],
  ])('%s first: %s', async (name, expected) => {
    const tar = rawTar(rawMember({ name }, '{}'))
    expect(await beginsAsAci(bytesAccess(tar), options)).toBe(expected)
    expect(await beginsAsAci(bytesAccess(gzipSync(tar)), options)).toBe(expected)
    const behindRoot = rawTar(rawHeader({ name: './', flag: '5' }), rawMember({ name }, '{}'))
    expect(await beginsAsAci(bytesAccess(behindRoot), options)).toBe(expected)
  })

  test('reads no further than it has to, and leaves what is damaged to others', async () => {
    const tar = rawTar(rawMember({ name: 'manifest' }, '{}'), rawMember({ name: 'rootfs/x' }, 'x'.repeat(5000)))
    expect(await beginsAsAci(bytesAccess(tar.subarray(0, 600)), options)).toBe(true)
    expect(await beginsAsAci(bytesAccess(tar.subarray(0, 100)), options)).toBe(false)
    expect(await beginsAsAci(bytesAccess(Buffer.from('no archive')), options)).toBe(false)
    expect(await beginsAsAci(bytesAccess(Buffer.alloc(0)), options)).toBe(false)
  })

  test('ends with the reason of an abort', async () => {
    const reason = new Error('enough')
    const file = bytesAccess(rawTar(rawMember({ name: 'manifest' }, '{}')))
    await expect(beginsAsAci(file, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
