import { expect, test } from 'vitest'
import { readSigstoreParameters } from '../src/sigstore-parameters.ts'

const read = (text: string) => readSigstoreParameters(new TextEncoder().encode(text), 'params.yaml')

test('a private key, with a passphrase or without', async () => {
  expect(await read('privateKeyFile: /k.private\nprivateKeyPassphraseFile: "/k.txt"\n')).toEqual({
    keyFile: '/k.private',
    passphraseFile: '/k.txt',
  })
  expect(await read('privateKeyFile: k')).toEqual({ keyFile: 'k', passphraseFile: undefined })
})

test.each([
  [
    'a service that is asked',
    'privateKeyFile: k\nfulcio: {fulcioURL: "https://fulcio.example.com"}',
    'UNSUPPORTED',
    /^params\.yaml:2: .*does not request/,
  ],
  [
    'a log that is asked',
    'privateKeyFile: k\nrekorURL: "https://rekor.example.com"',
    'UNSUPPORTED',
    /^params\.yaml:2: /,
  ],
  [
    'a key that is unknown',
    'privateKeyfile: k',
    'INVALID_DATA',
    /^params\.yaml:1:1: "privateKeyfile" is no parameter of signing/,
  ],
  ['no key', 'privateKeyPassphraseFile: k', 'INVALID_DATA', /params\.yaml:.*no "privateKeyFile"/],
  ['nothing', '', 'INVALID_DATA', /no "privateKeyFile"/],
  ['a number for a path', 'privateKeyFile: 7', 'INVALID_DATA', /must be text/],
  ['no YAML', 'privateKeyFile: [', 'INVALID_DATA', /^params\.yaml:1:/],
])('%s is refused, with its place', async (_, text, code, message) => {
  const refused = read(text)
  await expect(refused).rejects.toMatchObject({ code })
  await expect(refused).rejects.toThrow(message)
})
