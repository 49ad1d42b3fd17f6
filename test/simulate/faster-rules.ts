import type { ProtectionConfig } from '../../src/protection/protection-config.ts';

/** The rules with all of their times so many times as short. What a client is told to wait stays in seconds of the world. */
export function fasterRules(config: ProtectionConfig, speed: number): ProtectionConfig {
  const { guesses } = config;
  const faster = <Rule extends { readonly windowMs: number }>(rule: Rule): Rule => ({
    ...rule,
    windowMs: rule.windowMs / speed,
  });
  return {
    ...config,
    guesses: {
      ...guesses,
      accounts: faster(guesses.accounts),
      knownNetworks: faster(guesses.knownNetworks),
      spraying: faster(guesses.spraying),
      sharedAddresses: faster(guesses.sharedAddresses),
      networks: guesses.networks.map((rule) => ({
        ...faster(rule),
        blockMs: rule.blockMs / speed,
        longestBlockMs: rule.longestBlockMs / speed,
      })),
    },
  };
}
