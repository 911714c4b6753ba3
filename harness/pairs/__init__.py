"""Two conversations held side by side before a judge: which is better, asked in both orders.

For close calls, and for people who compare two prompts: a preference is easier to give than two grades. A room of its own above
`records`, from which conversations of the same scenario and seed are paired; it refuses to turn preferences into scores, and no
gate looks at them.
"""
