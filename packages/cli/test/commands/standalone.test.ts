import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callMain, type Called } from '../call-main.ts'

const MANIFEST = '{"schemaVersion":2}'
const DIGEST = digestOf(Buffer.from(MANIFEST))
const NAME = 'registry.example.com/app:1'

describe('commands on manifests and signatures in files', () => {
  let folder: string
  let fingerprint: string
  const at = (name: string): string => join(folder, name)

  beforeAll(async () => {
    const openpgp = await import('openpgp')
    folder = await mkdtemp(join(tmpdir(), 'standalone-'))
    const { privateKey } = await openpgp.generateKey({
      userIDs: { name: 'Tess' },
      passphrase: 'correct horse',
      format: 'object',
    })
    fingerprint = privateKey.getFingerprint().toUpperCase()
    await writeFile(at('secret'), privateKey.armor())
    await writeFile(at('public'), privateKey.toPublic().armor())
    await writeFile(at('passphrase'), 'correct horse\nand a line that is not read\n')
    await writeFile(at('manifest'), MANIFEST)
    await writeFile(at('gpg-home'), '')
  })
  afterAll(() => rm(folder, { recursive: true }))

  const sign = (name: string, output: string): Promise<Called> =>
    callMain([
      'standalone-sign',
      at('manifest'),
      name,
      fingerprint,
      `--output=${at(output)}`,
      `--sign-key=${at('secret')}`,
      `--passphrase-file=${at('passphrase')}`,
    ])
  const verify = (name: string, keys: string, signature: string): Promise<Called> =>
    callMain(['standalone-verify', '--public-key-file', at('public'), at('manifest'), name, keys, at(signature)])
  const accepted = (): string => `Signature verified using fingerprint ${fingerprint}, digest ${DIGEST}\n`

  it('sign and verify', async () => {
    expect(await sign(NAME, 'signature')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    const spaced = `${fingerprint.slice(0, 20).toLowerCase()} ${fingerprint.slice(20)}`
    for (const keys of ['any', fingerprint, `${'0'.repeat(40)},${fingerprint}`, spaced]) {
      expect(await verify(NAME, keys, 'signature')).toEqual({ exitCode: 0, stdout: accepted(), stderr: '' })
    }
  })

  it('spell names out, so that the one signed and the one asked for may be written otherwise', async () => {
    expect(await sign('app', 'short')).toMatchObject({ exitCode: 0 })
    expect(await verify('docker.io/library/app', 'any', 'short')).toMatchObject({ exitCode: 0 })
    expect(await verify('app:latest', 'any', 'short')).toMatchObject({ exitCode: 4 })
  })

  it('refuse another name, another key and a signature that is none', async () => {
    await sign(NAME, 'signature')
    const name = await verify('registry.example.com/app:2', 'any', 'signature')
    expect(name.exitCode).toBe(4)
    expect(name.stderr).toContain(`the signature is for the name "${NAME}", not for registry.example.com/app:2`)
    const key = await verify(NAME, '0'.repeat(40), 'signature')
    expect(key.exitCode).toBe(4)
    expect(key.stderr).toContain(`the signature is by ${fingerprint}, which is none of the given keys`)
    expect(await verify(NAME, 'any', 'manifest')).toMatchObject({ exitCode: 4 })
  })

  it('say how they are called', async () => {
    const any = await callMain(['standalone-verify', at('manifest'), NAME, 'any', at('manifest')])
    expect(any).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining('with --public-key-file alone') as string,
    })
    const short = await verify(NAME, fingerprint.slice(-16), 'signature')
    expect(short).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('is no fingerprint') as string })
    expect(await callMain(['standalone-sign', at('manifest'), NAME, fingerprint])).toMatchObject({ exitCode: 64 })
    expect(await callMain(['standalone-sign', at('manifest'), 'NOT A NAME', fingerprint, '-o', at('x')])).toMatchObject(
      {
        exitCode: 64,
      },
    )
  })

  it('say which file is not there', async () => {
    const { exitCode, stderr } = await callMain(['manifest-digest', at('missing')])
    expect({ exitCode, stderr }).toEqual({ exitCode: 7, stderr: `crossdock: there is no file ${at('missing')} [IO]\n` })
    const keys = await callMain(['standalone-verify', at('manifest'), NAME, fingerprint, at('manifest')], {
      env: { GNUPGHOME: at('gpg-home') },
    })
    expect(keys).toMatchObject({
      exitCode: 7,
      stderr: expect.stringContaining('GnuPG has no public keys in') as string,
    })
  })

  it('tell the digest', async () => {
    expect(await callMain(['manifest-digest', at('manifest')])).toEqual({
      exitCode: 0,
      stdout: `${DIGEST}\n`,
      stderr: '',
    })
  })
})
