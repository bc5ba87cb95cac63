import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sigstoreSigner } from '@crossdock/signature-policy'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callMain, type Surroundings } from '../call-main.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossdock-generate-key-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const generate = (args: readonly string[], surroundings?: Surroundings): ReturnType<typeof callMain> =>
  callMain(['generate-sigstore-key', '--output-prefix', join(folder, 'key'), ...args], surroundings)

describe('generate-sigstore-key', () => {
  it('writes a key pair that the first line of the passphrase file opens', async () => {
    await writeFile(join(folder, 'passphrase'), 'open sesame \nnot this\n')
    const called = await generate(['--passphrase-file', join(folder, 'passphrase')])
    expect(called).toEqual({
      exitCode: 0,
      stdout: `Key written to "${join(folder, 'key.private')}" and "${join(folder, 'key.pub')}"\n`,
      stderr: '',
    })
    const privateKey = await readFile(join(folder, 'key.private'))
    await expect(sigstoreSigner({ privateKey, passphrase: 'open sesame ' })).resolves.toMatchObject({
      format: 'sigstore',
    })
    await expect(sigstoreSigner({ privateKey, passphrase: 'open sesame' })).rejects.toThrow(/passphrase/)
    expect(await readFile(join(folder, 'key.pub'), 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  })

  it.skipIf(process.platform === 'win32')('gives the private key to its owner alone', async () => {
    await generate([], { stdin: 'secret\n' })
    expect((await stat(join(folder, 'key.private'))).mode & 0o777).toBe(0o600)
  })

  it('takes the passphrase from standard input, and shows it nowhere', async () => {
    const called = await generate([], { stdin: 'top-secret\n' })
    expect(called.exitCode).toBe(0)
    expect(called.stdout + called.stderr).not.toContain('top-secret')
    const privateKey = await readFile(join(folder, 'key.private'))
    await expect(sigstoreSigner({ privateKey, passphrase: 'top-secret' })).resolves.toBeDefined()
  })

  it.each(['key.private', 'key.pub'])('leaves %s as it is if it exists', async (name) => {
    await writeFile(join(folder, name), 'mine')
    const { exitCode, stderr } = await generate([], { stdin: 'secret\n' })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('stays as it is')
    expect(await readdir(folder)).toEqual([name])
    expect(await readFile(join(folder, name), 'utf8')).toBe('mine')
  })

  it('says which file is missing, and writes none', async () => {
    const { exitCode, stderr } = await generate(['--passphrase-file', join(folder, 'none')])
    expect(exitCode).toBe(7)
    expect(stderr).toContain(join(folder, 'none'))
    expect(await readdir(folder)).toEqual([])
  })

  it('is told where to write', async () => {
    expect((await callMain(['generate-sigstore-key'])).exitCode).toBe(64)
    expect((await callMain(['generate-sigstore-key', '--output-prefix', ''])).exitCode).toBe(64)
  })
})
