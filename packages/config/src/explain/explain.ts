import type { HostConfig } from '../host-config.ts'
import { policyFilePlaces } from '../policy-file/find-policy-file.ts'
import { explainRegistryHost } from './explain-host.ts'
import { explainRegistries } from './explain-registries.ts'
import type { Explanation, PolicyExplanation, SignaturesExplanation } from './explanation.ts'
import { problemOf } from './problem.ts'
import type { ExplainedSubject } from './subject.ts'

/** What `config` says of a subject, and why. Files that are wrong are part of the answer. Throws the reason of an abort. */
export async function explain(config: HostConfig, subject: ExplainedSubject): Promise<Explanation> {
  const { registries, endpoints } = await explainRegistries(config, subject)
  const paths = new Map([subject.reference, ...endpoints].map(({ domain, path }) => [domain, path]))
  return {
    subject: { kind: subject.kind, name: subject.name },
    registries,
    hosts: await Promise.all(
      [...paths].map(async ([host, path]) => await explainRegistryHost(config, host, path || undefined)),
    ),
    signatures: await explainSignatures(config, subject),
    policy: await explainPolicy(config),
  }
}

async function explainSignatures(config: HostConfig, { reference }: ExplainedSubject): Promise<SignaturesExplanation> {
  try {
    const { searched, notes } = await config.registriesD()
    return { searched, notes, ...(await config.signatureConfig(reference)) }
  } catch (error) {
    return { searched: [], notes: [], problem: problemOf(error) }
  }
}

async function explainPolicy(config: HostConfig): Promise<PolicyExplanation> {
  const places = policyFilePlaces(config.host)
  try {
    return { places, file: await config.policyFile() }
  } catch (error) {
    return { places, problem: problemOf(error) }
  }
}
