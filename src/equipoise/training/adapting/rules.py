"""From what a classifier says of both domains to the risks that choose among classifiers, and to its discriminators."""

import torch

from equipoise.core.judges import RISKS
from equipoise.games import OBJECTIVES
from equipoise.games.domain_adversarial import Features, conditioned_on, domain_accuracy
from equipoise.metrics.selection import RULES, Evidence, effective_sample_size, expected_accuracy, proxy_a_distance
from equipoise.training.adapting.looking import AdaptedClassifier, Seen


def risks(train: Seen, source: Seen, target: Seen, seed: int) -> dict[str, float]:
    """The risk by every rule, under the names of the records, and what the weighted ones rest on.

    Args:
        train: of examples of the source that were trained on, by which densities are told.
        source: of the source's validation part.
        target: of the target; labels, if there were any, would not be read.
        seed: of what is drawn to tell densities.
    """
    evidence = Evidence(
        source_features=source.features,
        source_logits=source.logits,
        source_labels=source.labels,
        train_features=train.features,
        target_features=target.features,
        target_logits=target.logits,
        seed=seed % 2**32,
    )
    found = {RISKS[name]: rule.risk(evidence) for name, rule in RULES.items()}
    return {
        **found,
        "effective_examples": effective_sample_size(evidence.weights),
        "num_weighted": len(evidence.weights),
        "expected_accuracy": expected_accuracy(source.logits, source.labels, target.logits),
    }


@torch.inference_mode()
def domain_accuracy_of(subject: AdaptedClassifier, source: Seen, target: Seen) -> float:
    """How often the game's own discriminator tells the domain of held-out examples, each domain counting half."""
    seen = [
        conditioned_on(each.features, each.logits) if subject.game.conditioned else each.features
        for each in (source, target)
    ]
    scores = Features(*(subject.disc(features).float() for features in seen))
    return domain_accuracy(scores, OBJECTIVES[subject.game.objective].optimal_score).item()


def probe_accuracy_of(source: Seen, target: Seen, seed: int) -> float:
    """How often a fresh network tells the domain of examples that it was not trained on."""
    return proxy_a_distance(source.features, target.features, "network", seed % 2**32).accuracy
