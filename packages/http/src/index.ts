export { createHttpClient } from './client.ts'
export type { HttpClient } from './client.ts'
export type {
  Clock,
  Credentials,
  CredentialsProvider,
  CredentialsQuery,
  HttpClientOptions,
  IdentityTokenCredentials,
  PasswordCredentials,
  ProxyOptions,
  RegistryTokenCredentials,
  Certificates,
  CertificatesLookup,
  CredentialsLookupOptions,
  TlsOptions,
  TlsProvider,
} from './options.ts'
export type {
  HttpBody,
  HttpHandler,
  HttpHeaders,
  HttpLayer,
  HttpMethod,
  HttpRequest,
  HttpResponse,
  RequestSignature,
  RequestSigner,
} from './http.ts'
export type { AwsCredentials } from './aws-signature.ts'
export { createAwsSigner } from './aws-signer.ts'
export { failureText, readErrorBody } from './failure-text.ts'
export { addressKind } from './address-kind.ts'
export type { AddressKind } from './address-kind.ts'
export { checkServerUrl } from './server-url.ts'
export type { ServerUrlOptions } from './server-url.ts'
export { redactText, redactUrl } from './redact.ts'
export type { RedactOptions } from './redact.ts'
export { readWhole } from './read-whole.ts'
export { resumableBody, resumeRequest } from './resume.ts'
export type { ResumeOptions } from './resume.ts'
export { parseContentRange } from './content-range.ts'
export type { ContentRange } from './content-range.ts'
export { linkTarget } from './link-header.ts'
