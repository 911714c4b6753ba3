"""How far a judge can be believed: its scores held against labels that people gave, dimension by dimension.

Above `baselines`, because an arm of a run and a stored baseline are both measured here, and because the strict tables of
labels are read as theirs of scores are; below `gates`, because a gate obeys what stands in a judge's calibration file and
calibration knows nothing of verdicts. Nothing in here asks a judge anything: it reads what was answered.
"""
