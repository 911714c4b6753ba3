"""The one door to Claude, for the judge and for simulated users: requests, answers, failures, money, batches, and what was answered before.

What goes wrong at the model's side is a `ModelFailure`, classified, and never an exception, a number or an empty answer;
a failure says whether it may have been charged. Our own mistakes (no key, no price under a budget) are SettingsErrors.

Doors are put together from small ones, each with the same Protocol (`access` draws them): `CachedDoor` looks up what was answered
before, in a store that processes share, around `WarmingDoor`, which lets one question fill the provider's prompt cache before the
crowd comes, around `PatientDoor`, which tries again, around `MeteredDoor`, which reserves and counts
money for every single try, around `LedgerDoor`, which writes each down so that a killed run knows what it spent, around
`AnthropicDoor`, which asks exactly once. The SDK's own retries are switched off, because a try that nobody counted is money that
nobody counted.

Three rooms within: `money` (prices, the stop, the account), `answers` (what was paid for, in one file) and `batches` (what is
answered together, later and cheaper).

The room stands below `conversations` (simulated users speak through it) and `judging`, and above `targets`, whose
concealing of secrets and reading of Retry-After it uses. Only `opening` imports the SDK, when a door is opened: it takes
two seconds that a run without a model never pays. It refuses to know what is asked: rubrics and prompts live above.
"""
