/** What a rule does: nothing, tell what it would have done, or do it. */
export type RuleMode = 'off' | 'observe' | 'enforce';
