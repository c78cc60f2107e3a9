import { oauthMetadataRoute, openidConfigurationRoute } from '@tradewind/contracts/oauth'
import { delegable } from '@tradewind/contracts/permissions'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'

const cacheControl = 'public, max-age=300'
const secretOrKey = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

/** Everything that is named here is there. At two addresses, since clients look at either. */
export const showMetadata = (issuer: string, publicUrl: string): readonly ImplementedRoute[] => {
  const at = (path: string) => new URL(path, publicUrl).href
  const show = () => ({
    status: 200 as const,
    body: {
      issuer,
      authorization_endpoint: at('/oauth/authorize'),
      token_endpoint: at('/oauth/token'),
      revocation_endpoint: at('/oauth/revoke'),
      introspection_endpoint: at('/oauth/introspect'),
      jwks_uri: at('/.well-known/jwks.json'),
      scopes_supported: [...delegable],
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
      token_endpoint_auth_methods_supported: [...secretOrKey, 'none'],
      token_endpoint_auth_signing_alg_values_supported: ['EdDSA'],
      introspection_endpoint_auth_methods_supported: secretOrKey,
      revocation_endpoint_auth_methods_supported: [...secretOrKey, 'none'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    },
    headers: { 'cache-control': cacheControl },
  })
  return [implementRoute(oauthMetadataRoute, show), implementRoute(openidConfigurationRoute, show)]
}
