import { ImageError } from '@crossdock/core'
import { type AwsCredentials, awsSignature } from './aws-signature.ts'
import type { HttpRequest, RequestSigner } from './http.ts'

/** The SHA-256 of no bytes. */
const NO_PAYLOAD = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Signs each request for the service `s3` (AWS Signature Version 4), but for a URL that carries a signature itself: S3 takes no request with two. Bodies
 * are not covered. The request throws `INVALID_DATA` for credentials that fit into no header.
 */
export function createAwsSigner(credentials: AwsCredentials): RequestSigner {
  return ({ method, url, headers = {}, body }, now) => {
    if (url.searchParams.has('X-Amz-Signature')) return undefined
    checkCredentials(credentials, url)
    const payload = body === undefined ? NO_PAYLOAD : 'UNSIGNED-PAYLOAD'
    const signed = awsSignature({ method, url, headers: worthSigning(headers), payload, now }, credentials)
    return { headers: signed.headers, secrets: [credentials.secretAccessKey, signed.signature] }
  }
}

function checkCredentials({ accessKeyId, secretAccessKey, region }: AwsCredentials, { host }: URL): void {
  if (isPart(accessKeyId) && isPart(region) && secretAccessKey !== '') return
  throw new ImageError(
    'INVALID_DATA',
    `the AWS credentials for ${host} need an access key ID and a region without spaces, commas and slashes, and a secret access key: correct them`,
  )
}

/** Whether it can stand between the commas and slashes of the header. */
function isPart(text: string): boolean {
  return /^[!-+\-.0-~]+$/.test(text)
}

/** What says what is wanted. Others, such as `accept-encoding`, are changed by servers in between. */
function worthSigning(headers: NonNullable<HttpRequest['headers']>): Readonly<Record<string, string>> {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return Object.fromEntries(lower.filter(([name]) => name === 'range' || name.startsWith('x-amz-')))
}
