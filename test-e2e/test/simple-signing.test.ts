import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { createGnupg, type Gnupg } from '../src/gnupg.ts'
import { type FinishedProcess, runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const MANIFEST = '{"schemaVersion":2}'
const DIGEST = digestOf(Buffer.from(MANIFEST))
const NAME = 'registry.example.com/app:1'
const PAYLOAD = JSON.stringify({
  critical: {
    type: 'atomic container signature',
    image: { 'docker-manifest-digest': DIGEST },
    identity: { 'docker-reference': NAME },
  },
  optional: {},
})
const ALGORITHMS = ['rsa2048', 'rsa3072', 'dsa2048', 'dsa3072', 'nistp256', 'nistp384', 'nistp521', 'ed25519']
const WEAK = ['--allow-weak-digest-algos', '--allow-weak-key-signatures']

describe('simple signing', () => {
  withPeers(['gpg'], ({ gpg }) => {
    const stack = new AsyncDisposableStack()
    let gnupg: Gnupg
    let crossdock: Crossdock
    let fresh: (name: string) => string
    let manifest: string

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      gnupg = stack.use(await createGnupg(gpg))
      crossdock = await createCrossdock(fresh('home'))
      manifest = await file('manifest', MANIFEST)
    })
    afterAll(() => stack.disposeAsync())

    async function file(name: string, content: string | Uint8Array): Promise<string> {
      const path = fresh(name)
      await writeFile(path, content)
      return path
    }

    /** Verifies with the keys of a ring, or with those of GnuPG's home. */
    async function verify(
      signature: Uint8Array,
      { ring, keys = 'any' }: { readonly ring?: Uint8Array; readonly keys?: string } = {},
    ): Promise<FinishedProcess> {
      const flags = ring === undefined ? [] : ['--public-key-file', await file('ring', ring)]
      const args = ['standalone-verify', ...flags, manifest, NAME, keys, await file('signature', signature)]
      return await crossdock.run(args, { env: gnupg.env })
    }

    async function expectAccepted(signature: Uint8Array, fingerprint: string, ring?: Uint8Array): Promise<void> {
      const { exitCode, stdout, stderr } = await verify(signature, {
        ring: ring ?? (await gnupg.exported(fingerprint)),
      })
      expect({ exitCode, stderr, stdout: stdout.toString() }).toEqual({
        exitCode: 0,
        stderr: '',
        stdout: `Signature verified using fingerprint ${fingerprint}, digest ${DIGEST}\n`,
      })
    }

    async function expectRefused(signature: Uint8Array, fingerprint: string, reason: RegExp | string): Promise<void> {
      const { exitCode, stdout, stderr } = await verify(signature, { ring: await gnupg.exported(fingerprint) })
      expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 4, stdout: '' })
      expect(stderr).toMatch(reason)
    }

    /** Signs with a key that GnuPG keeps, or with one in a file. */
    async function sign(key: string, flags: readonly string[] = []): Promise<Buffer> {
      const output = fresh('signature')
      await crossdock.done(['standalone-sign', manifest, NAME, key, '--output', output, ...flags], { env: gnupg.env })
      return await readFile(output)
    }

    describe.each(ALGORITHMS)('with a key of %s', (algorithm) => {
      let key: string
      beforeAll(async () => {
        key = await gnupg.makeKey(algorithm, algorithm)
      })

      it('verifies what gpg signed', async () => {
        await expectAccepted(await gnupg.signed(PAYLOAD, ['-u', key, '--sign']), key)
      })

      it('lets gpg sign, and gpg and it verify', async () => {
        const signature = await sign(key)
        expect(await gnupg.verified(signature)).toBe(key)
        await expectAccepted(signature, key)
      })

      it('signs itself with the exported key, and gpg verifies', async () => {
        const secret = await file('secret', await gnupg.exported(key, ['--export-secret-keys', '--armor']))
        const signature = await sign(key, ['--sign-key', secret])
        expect(await gnupg.verified(signature)).toBe(key)
        await expectAccepted(signature, key)
      })
    })

    describe('as gpg makes signatures', () => {
      let key: string
      let weakKey: string
      beforeAll(async () => {
        key = await gnupg.makeKey('forms', 'rsa2048')
        weakKey = await gnupg.makeKey('weak', 'rsa1024')
      })
      const signed = (...args: readonly string[]): Promise<Buffer> => gnupg.signed(PAYLOAD, ['-u', key, ...args])

      it.each(['none', 'zip', 'zlib', 'bzip2'])('accepts the compression %s', async (algorithm) => {
        await expectAccepted(await signed('--compress-algo', algorithm, '--sign'), key)
      })

      it.each(['SHA224', 'SHA256', 'SHA384', 'SHA512'])('accepts the hash %s', async (algorithm) => {
        await expectAccepted(await signed('--digest-algo', algorithm, '--sign'), key)
      })

      it.each([
        ['MD5', 'MD5'],
        ['SHA1', 'SHA-1'],
        ['RIPEMD160', 'RIPEMD-160'],
      ])('refuses the hash %s', async (algorithm, name) => {
        await expectRefused(
          await signed(...WEAK, '--digest-algo', algorithm, '--sign'),
          key,
          `by ${name}, which is too weak`,
        )
      })

      it('refuses RSA of 1024 bits, also to sign', async () => {
        const signature = await gnupg.signed(PAYLOAD, ['-u', weakKey, '--sign'])
        await expectRefused(signature, weakKey, 'RSA keys shorter than 2048 bits')
        const secret = await file('secret', await gnupg.exported(weakKey, ['--export-secret-keys']))
        await expect(sign(weakKey, ['--sign-key', secret])).rejects.toThrow('RSA keys shorter than 2048 bits')
      })

      it.each([
        ['clear-signed text', ['--clear-sign'], 'clear-signed text'],
        ['a detached signature', ['--detach-sign'], 'is a signature'],
        ['an armoured message', ['--armor', '--sign'], 'armoured text'],
        ['text', ['--textmode', '--sign'], 'marked as text'],
        ['a literal that nobody signed', ['--store', '--compress-algo', 'none'], 'is a literal'],
        ['an encrypted message', ['--passphrase', 'x', '--symmetric'], 'is an encrypted session key, encrypted data'],
        ['a signature that expired', ['--default-sig-expire', '1d', '--sign'], 'it expired on'],
      ])('refuses %s', async (_, args, reason) => {
        const old = args.includes('--default-sig-expire') ? 2 : 0
        const signature = await gnupg.signed(PAYLOAD, ['-u', old === 0 ? key : await oldKey(), ...args], old)
        await expectRefused(signature, old === 0 ? key : await oldKey(), reason)
      })

      it('refuses a signature of tomorrow, and one by two signers', async () => {
        await expectRefused(await gnupg.signed(PAYLOAD, ['-u', key, '--sign'], -1), key, 'in the future')
        const two = await gnupg.signed(PAYLOAD, ['-u', key, '-u', weakKey, '--sign'])
        await expectRefused(two, key, 'is a one-pass signature, a one-pass signature, a literal')
      })

      it('refuses what is behind a message, or another message', async () => {
        const signature = await signed('--sign')
        for (const trail of [Buffer.from('x'), Buffer.alloc(3), signature]) {
          const { exitCode } = await verify(Buffer.concat([signature, trail]), { ring: await gnupg.exported(key) })
          expect(exitCode).toBe(4)
        }
      })

      let old: Promise<string> | undefined
      const oldKey = (): Promise<string> => (old ??= gnupg.makeKey('old', 'ed25519', { daysAgo: 10 }))
    })

    describe('keys', () => {
      it('refuses one that expired, and accepts it when it was extended', async () => {
        const key = await gnupg.makeKey('expires', 'ed25519', { daysAgo: 10, expires: '5d' })
        const signature = await gnupg.signed(PAYLOAD, ['-u', key, '--sign'], 8)
        await expectRefused(signature, key, 'Primary key is expired')
        await gnupg.run(['--batch', '--passphrase', '', '--quick-set-expire', key, '0'])
        await expectAccepted(signature, key)
      })

      it("accepts one whose statements about itself are by SHA-1, as many distributions' are", async () => {
        const user = 'sha1 <sha1@example.com>'
        await gnupg.run([
          '--batch',
          '--passphrase',
          '',
          ...WEAK,
          '--cert-digest-algo',
          'SHA1',
          '--quick-gen-key',
          user,
          'rsa2048',
        ])
        const { stdout } = await gnupg.run(['--batch', '--list-packets', await file('key', await gnupg.exported(user))])
        expect(stdout.toString()).toMatch(/sigclass 0x13[^]*digest algo 2,/)
        const signature = await gnupg.signed(PAYLOAD, ['-u', user, '--digest-algo', 'SHA256', '--sign'])
        await expectAccepted(signature, await gnupg.verified(signature))
      })

      it('refuses one that is revoked, also for what it signed before', async () => {
        const key = await gnupg.makeKey('revoked', 'ed25519')
        const signature = await gnupg.signed(PAYLOAD, ['-u', key, '--sign'])
        await expectAccepted(signature, key)
        const prepared = await readFile(join(gnupg.home, 'openpgp-revocs.d', `${key}.rev`), 'utf8')
        await gnupg.run(['--batch', '--import', await file('revocation', prepared.replace(/^:/m, ''))])
        await expectRefused(signature, key, 'Primary key is revoked')
        await expect(sign(key)).rejects.toThrow('GnuPG cannot sign')
      })

      describe('whose sub-keys sign', () => {
        let key: string
        let signature: Buffer
        beforeAll(async () => {
          key = await gnupg.makeKey('owner', 'ed25519', { usage: 'cert', daysAgo: 10 })
          await gnupg.run(['--batch', '--passphrase', '', '--quick-add-key', key, 'ed25519', 'sign', '5d'], {
            daysAgo: 9,
          })
          signature = await gnupg.signed(PAYLOAD, ['-u', key, '--sign'], 8)
        })
        const edit = (...lines: readonly string[]): Promise<FinishedProcess> =>
          gnupg.run(['--passphrase', '', '--command-fd', '0', '--edit-key', key], {
            input: `${lines.join('\n')}\nsave\n`,
          })

        it('refuses an expired sub-key, accepts it extended, and refuses it revoked', async () => {
          await expectRefused(signature, key, 'Subkey is expired')
          await edit('key 1', 'expire', '0', 'y')
          await expectAccepted(signature, key)
          const both = `${(await subkeys())[0] ?? ''},${'0'.repeat(40)}`
          expect((await verify(signature, { keys: both })).exitCode).toBe(0)
          await edit('key 1', 'revkey', 'y', '0', '', 'y')
          await expectRefused(signature, key, 'Subkey is revoked')
        })

        it('signs with a sub-key, the secret of its owner not being there', async () => {
          await gnupg.run(['--batch', '--passphrase', '', '--quick-add-key', key, 'nistp256/ecdsa', 'sign', 'never'])
          await expectAccepted(await sign(key), key)
          const secret = await file('secret', await gnupg.exported(key, ['--export-secret-subkeys']))
          const byFile = await sign(key, ['--sign-key', secret])
          expect(await gnupg.verified(byFile)).toBe(key)
          await expectAccepted(byFile, key)
        })

        async function subkeys(): Promise<readonly string[]> {
          const { stdout } = await gnupg.run(['--batch', '--with-colons', '--list-keys', key])
          return [...stdout.toString().matchAll(/^fpr:+([0-9A-F]+):/gm)].slice(1).map(([, found = '']) => found)
        }
      })

      it('finds the key among several, binary, armoured and in GnuPG, and no other', async () => {
        const [one, two] = [await gnupg.makeKey('one', 'ed25519'), await gnupg.makeKey('two', 'nistp256')]
        const signature = await gnupg.signed(PAYLOAD, ['-u', two, '--sign'])
        const binary = await Promise.all([one, two].map((key) => gnupg.exported(key)))
        const armoured = await Promise.all([one, two].map((key) => gnupg.exported(key, ['--armor', '--export'])))
        await expectAccepted(signature, two, Buffer.concat(binary))
        await expectAccepted(signature, two, Buffer.concat(armoured))
        await expectAccepted(signature, two, await gnupg.exported('', ['--export']).catch(() => Buffer.concat(binary)))
        expect(await verify(signature, { keys: `${one},${two}` })).toMatchObject({ exitCode: 0 })
        await expectRefused(signature, one, 'none of the trusted ones')
        const other = await verify(signature, { keys: one })
        expect(other).toMatchObject({ exitCode: 4 })
        expect(other.stderr).toContain(`the signature is by ${two}, which is none of the given keys`)
      })

      it('are opened by their passphrases, which nobody sees', async () => {
        const secret = 'correct horse battery staple'
        const key = await gnupg.makeKey('protected', 'ed25519', { passphrase: secret })
        await writeFile(join(gnupg.home, 'gpg-agent.conf'), 'max-cache-ttl 0\ndefault-cache-ttl 0\n')
        await runProcess(['gpgconf', '--homedir', gnupg.home, '--kill', 'all'], { env: gnupg.env })
        const exported = await gnupg.exported(key, ['--passphrase', secret, '--export-secret-keys'])
        const keyFile = await file('secret', exported)
        const right = await file('right', `${secret}\n`)
        const wrong = await file('wrong', 'incorrect horse\n')
        for (const flags of [[], ['--sign-key', keyFile]]) {
          await expectAccepted(await sign(key, ['--passphrase-file', right, ...flags]), key)
          const args = [
            'standalone-sign',
            manifest,
            NAME,
            key,
            '-o',
            fresh('none'),
            '--passphrase-file',
            wrong,
            ...flags,
          ]
          const { exitCode, stderr } = await crossdock.run([...args, '--debug'], { env: gnupg.env })
          expect(exitCode).toBe(5)
          expect(stderr).toMatch(/the passphrase does not open the secret key/)
          expect(stderr).not.toMatch(/horse/)
        }
      })

      it('are found by their address, as skopeo finds them', async () => {
        const key = await gnupg.makeKey('address', 'ed25519')
        await expectAccepted(await sign('address@example.com'), key)
        await expect(sign('nobody@example.com')).rejects.toThrow('GnuPG has no secret key "nobody@example.com"')
        await gnupg.makeKey('address', 'nistp256')
        await expect(sign('address@example.com')).rejects.toThrow('GnuPG has several secret keys "address@example.com"')
      })
    })

    it('refuses another digest, another name and a payload that is none', async () => {
      const key = await gnupg.makeKey('payloads', 'ed25519')
      const cases = [
        [PAYLOAD.replace(DIGEST, digestOf(Buffer.from('x'))), 'the signature is for the manifest'],
        [PAYLOAD.replace(NAME, 'registry.example.com/app:2'), 'the signature is for the name'],
        [PAYLOAD.replace('atomic', 'Atomic'), 'it must be "atomic container signature"'],
        ['This is not JSON', 'it is not JSON'],
      ] as const
      for (const [payload, reason] of cases) {
        await expectRefused(await gnupg.signed(payload, ['-u', key, '--sign']), key, reason)
      }
    })

    it('needs no gpg to verify, nor to sign with a key of a file', async () => {
      const key = await gnupg.makeKey('alone', 'ed25519')
      const secret = await file('secret', await gnupg.exported(key, ['--export-secret-keys']))
      const env = { ...gnupg.env, PATH: '/nowhere' }
      const output = fresh('signature')
      const signing = ['standalone-sign', manifest, NAME, key, '-o', output]
      await crossdock.done([...signing, '--sign-key', secret], { env })
      await crossdock.done(['standalone-verify', manifest, NAME, key, output], { env })
      const { exitCode, stderr } = await crossdock.run(signing, { env })
      expect(exitCode).toBe(1)
      expect(stderr).toContain(
        'there is no program gpg; install it, or sign with an exported secret key (--sign-key FILE)',
      )
    })

    withPeers(['skopeo'], ({ skopeo }) => {
      const run = async (...args: readonly string[]): Promise<string> => {
        const { exitCode, stdout, stderr } = await runProcess([skopeo, ...args], { env: gnupg.env, cwd: gnupg.home })
        if (exitCode !== 0) throw new Error(`skopeo ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
        return stdout.toString()
      }

      it.each(ALGORITHMS)('verifies what skopeo signed, and is verified by it, with %s', async (algorithm) => {
        const key = await gnupg.makeKey(`skopeo-${algorithm}`, algorithm)
        const theirs = fresh('theirs')
        await run('standalone-sign', manifest, NAME, key, '--output', theirs)
        await expectAccepted(await readFile(theirs), key)
        const secret = await file('secret', await gnupg.exported(key, ['--export-secret-keys']))
        for (const flags of [[], ['--sign-key', secret]]) {
          const ours = await file('ours', await sign(key, flags))
          expect(await run('standalone-verify', manifest, NAME, key, ours)).toMatch(/^Signature verified/)
        }
      })

      it('says the same digest', async () => {
        const { stdout } = await crossdock.done(['manifest-digest', manifest])
        expect(stdout.toString().trim()).toBe((await run('manifest-digest', manifest)).trim())
      })
    })

    it('refuses a public key file that is not there, or that has no key', async () => {
      const key = await gnupg.makeKey('nothing', 'ed25519')
      const signature = await gnupg.signed(PAYLOAD, ['-u', key, '--sign'])
      expect(await verify(signature, { ring: new Uint8Array() })).toMatchObject({ exitCode: 5 })
      const missing = ['standalone-verify', '--public-key-file', fresh('missing'), manifest, NAME, 'any', manifest]
      expect(await crossdock.run(missing)).toMatchObject({ exitCode: 7 })
      expect(await verify(signature)).toMatchObject({ exitCode: 64 })
    })
  })
})
