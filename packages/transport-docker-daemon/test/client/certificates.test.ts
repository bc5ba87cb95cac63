import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startEngine, type TestEngine } from '@crossdock/test-engine'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readCertificates } from '../../src/client/certificates.ts'
import { type DockerDaemonTransportOptions, dockerDaemonTransport } from '../../src/index.ts'
import { certificateFolder, ENGINE_TLS } from '../certificates.ts'
import { temporaryFolder } from '../temporary-folder.ts'

async function folderWithout(...names: readonly string[]): Promise<string> {
  const folder = await temporaryFolder()
  await cp(certificateFolder, folder, { recursive: true })
  for (const name of names) await rm(join(folder, name))
  return folder
}

describe('a folder with certificates', () => {
  it('has all of them, or only those of one kind', async () => {
    expect(Object.keys(await readCertificates(certificateFolder))).toEqual(['ca', 'cert', 'key'])
    expect(Object.keys(await readCertificates(await folderWithout('cert.pem', 'key.pem')))).toEqual(['ca'])
    expect(Object.keys(await readCertificates(await folderWithout('ca.pem')))).toEqual(['cert', 'key'])
  })

  it('has a key with each certificate, and something at all', async () => {
    for (const without of [['key.pem'], ['cert.pem']]) {
      await expect(readCertificates(await folderWithout(...without))).rejects.toThrow('both are needed')
    }
    await expect(readCertificates(await temporaryFolder())).rejects.toThrow('ca.pem, cert.pem and key.pem')
    await expect(readCertificates('/no/such/folder')).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it('has them in PEM form', async () => {
    const folder = await folderWithout()
    for (const text of ['no certificate', ' '.repeat(1024 * 1024 + 1)]) {
      await writeFile(join(folder, 'ca.pem'), text)
      await expect(readCertificates(folder)).rejects.toThrow(/ca\.pem" is not in PEM form/)
    }
  })
})

async function newEngine(): Promise<TestEngine> {
  const engine = await startEngine({ store: 'classic', listen: 'tcp', tls: ENGINE_TLS })
  onTestFinished(() => engine[Symbol.asyncDispose]())
  engine.add('app:1', testImage())
  return engine
}

async function read(options: DockerDaemonTransportOptions): Promise<string> {
  await using source = await dockerDaemonTransport(options).parseReference('app:1').openSource()
  return (await source.getManifest()).mediaType
}

describe('an engine behind TLS', () => {
  it('is spoken to with certificates, by tcp:// or https://', async () => {
    const { host } = await newEngine()
    for (const text of [host, host.replace('tcp:', 'https:'), host.replace('127.0.0.1', 'localhost')]) {
      expect(await read({ host: text, certDir: certificateFolder })).toContain('manifest')
    }
  })

  it('is not spoken to without, or with others', async () => {
    const { host, requests } = await newEngine()
    const alone = await folderWithout('ca.pem')
    for (const options of [
      { host },
      { host: host.replace('tcp:', 'https:') },
      { host, certDir: alone },
      { host, certDir: await folderWithout('cert.pem', 'key.pem') },
    ]) {
      await expect(read(options)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    }
    expect(requests).toEqual([])
    expect(await read({ host, certDir: alone, insecure: true })).toContain('manifest')
  })

  it('is not spoken to with certificates that are none', async () => {
    const { host } = await newEngine()
    for (const name of ['ca.pem', 'cert.pem', 'key.pem']) {
      const certDir = await folderWithout()
      await writeFile(join(certDir, name), '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
      await expect(read({ host, certDir })).rejects.toMatchObject({
        code: expect.stringMatching(/^(INVALID_DATA|UNAVAILABLE)$/),
        retryable: false,
      })
    }
  })

  it('names no certificates where none are needed', async () => {
    const engine = await startEngine()
    onTestFinished(() => engine[Symbol.asyncDispose]())
    engine.add('app:1', testImage())
    expect(await read({ host: engine.host, certDir: '/no/such/folder' })).toContain('manifest')
  })
})
