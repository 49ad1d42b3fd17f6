import type { RuleFinding } from '../../login/verdict.ts';
import type { ReasonText } from './reason-texts.ts';

/** Whose login it is, for the commands that operators are told. */
export interface Whose {
  readonly account?: string | undefined;
  readonly address?: string | undefined;
}

const LATER = 'later: what is counted leaves its window';

/** What a rule found, in words, and what would have to differ. */
export function ruleText(finding: RuleFinding, whose: Whose): ReasonText {
  const text = textOf(finding, whose);
  return finding.effect === 'refused' ? text : { why: `${text.why}; the rule only observes`, differ: [] };
}

function textOf(finding: RuleFinding, whose: Whose): ReasonText {
  switch (finding.rule) {
    case 'account':
    case 'account-network':
    case 'account-known':
      return accountText(finding, whose);
    case 'spraying':
      return sprayingText(finding, whose);
    case 'manual':
      return manualText(finding, whose);
    case 'shared-address':
      return { why: 'many accounts log in from the address, so that it is not blocked as a whole', differ: [] };
    case 'state-unavailable':
      return { why: 'nothing could be counted, since what is counted could not be reached', differ: [] };
    default:
      return loginRuleText(finding) ?? networkText(finding, whose);
  }
}

/** The rules that do not count. */
function loginRuleText(finding: RuleFinding): ReasonText | undefined {
  switch (finding.rule) {
    case 'denied-network':
      return {
        why: 'the address is in a denied network',
        differ: ['the network out of protection.denied_networks.networks, or in protection.exempt_networks'],
      };
    case 'tls':
      return { why: "the client's connection is not encrypted", differ: ['the client uses TLS'] };
    case 'relay-domain':
      return { why: 'the domain is not served', differ: ['the domain in protection.relay_domains.domains'] };
    case 'place':
      return placeRuleText(finding);
    case 'rbl':
      return listsText(finding);
    default:
      return undefined;
  }
}

function placeRuleText({ detail = 'unknown' }: RuleFinding): ReasonText {
  return {
    why: `logins must not come from where the address is (${detail})`,
    differ: ['its country or autonomous system in protection.places, or in an entry of protection.overrides'],
  };
}

function listsText({ count = 0, limit = 0, detail = '' }: RuleFinding): ReasonText {
  return {
    why: `lists of addresses have the address (${detail}): they score ${count}, and from ${limit} on nobody is let in`,
    differ: [
      'a network that the account has logged in from lately',
      'the address off these lists, or its network in protection.rbl.allow_networks',
    ],
  };
}

function accountText({ rule, network, limit }: RuleFinding, { account }: Whose): ReasonText {
  const flush = `nauthilus block flush --account ${account ?? 'NAME'} forgets what is counted`;
  const tried = `${limit ?? 'the allowed number of'} different wrong passwords were tried for the account`;
  if (rule === 'account')
    return {
      why: `${tried} out of networks that are new to it: no more are tried, whatever they are`,
      differ: ['a network that the account has logged in from lately', LATER, flush],
    };
  const where =
    rule === 'account-known' ? 'out of all networks that it is known in' : `out of ${network ?? 'its network'}`;
  return {
    why: `${tried} ${where}: no more are tried from there`,
    differ: [rule === 'account-known' ? LATER : `another network that the account is known in, or ${LATER}`, flush],
  };
}

function sprayingText({ network, limit }: RuleFinding, { address }: Whose): ReasonText {
  return {
    why: `this one password has failed at ${limit ?? 'many'} accounts out of ${network ?? 'the network'}: it is not tried there any more`,
    differ: [
      'another password',
      'another network',
      LATER,
      `nauthilus block flush --address ${address ?? network ?? 'ADDRESS'} --rule spraying`,
    ],
  };
}

function manualText({ network, untilMs }: RuleFinding, { account, address }: Whose): ReasonText {
  const whom = network ?? 'the account';
  const option = network === undefined ? `--account ${account ?? 'NAME'}` : `--address ${address ?? network}`;
  return {
    why: `an operator has blocked ${whom}${untilText(untilMs)}`,
    differ: ['the end of the block', `nauthilus block remove ${option} --rule manual`],
  };
}

function networkText({ rule, network, count, limit, untilMs }: RuleFinding, { address }: Whose): ReasonText {
  const known = 'an account that is known in the network';
  const end = `nauthilus block remove --address ${address ?? network ?? 'ADDRESS'} --rule ${rule}`;
  const counted = count === undefined ? '' : `: more than ${limit ?? count} guesses came out of it`;
  return {
    why: `the rule ${rule} has blocked ${network ?? 'the network'}${untilText(untilMs)}${counted}`,
    differ: ['another network', known, untilMs === undefined ? LATER : 'the end of the block', end],
  };
}

function untilText(untilMs: number | undefined): string {
  return untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
}
