import { getCACertificates } from 'node:tls'
import { explainCredentials } from '../auth/explain-credentials.ts'
import { findCertificatesFolder } from '../certs-d/find-certificates.ts'
import type { HostConfig } from '../host-config.ts'
import type { CertificatesExplanation, HostExplanation } from './explanation.ts'
import { problemOf } from './problem.ts'

/** What belongs to one host, and to a repository in it: certificates and, without what is secret, credentials. */
export async function explainRegistryHost(
  config: HostConfig,
  host: string,
  repository: string | undefined,
): Promise<HostExplanation> {
  return {
    host,
    certificates: await explainCertificates(config, host),
    credentials: await explainCredentials({ host, repository }, config.authOptions).catch((error: unknown) => ({
      problem: problemOf(error),
    })),
  }
}

async function explainCertificates(config: HostConfig, registry: string): Promise<CertificatesExplanation> {
  const { certsDir, signal } = config.options
  let found: CertificatesExplanation = { searched: [], authorities: 0, client: false }
  try {
    const { folder, searched } = await findCertificatesFolder(config.host, registry, { certsDir, signal })
    found = { ...found, folder, searched }
    const { ca, cert } = (await config.certificates(registry)) ?? {}
    const authorities = ca === undefined ? 0 : ca.length - getCACertificates('default').length
    return { ...found, authorities, client: cert !== undefined }
  } catch (error) {
    return { ...found, problem: problemOf(error) }
  }
}
