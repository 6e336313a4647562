"""placeholder until the metrics land"""
import torch
from torch import Tensor
from equipoise.training.adapting.looking import AdaptedClassifier, Seen

def risks(train: Seen, source: Seen, target: Seen, seed: int) -> dict[str, float]:
    p = target.logits.softmax(1)
    return {"source_error": 1 - source.accuracy, "entropy": float(-(p*p.clamp_min(1e-12).log()).sum(1).mean()), "importance_weighted_risk": 1-source.accuracy, "dev_risk": 1-source.accuracy}

def domain_accuracy_of(subject, source, target) -> float:
    from equipoise.games.domain_adversarial import Features, conditioned_on, domain_accuracy
    with torch.inference_mode():
        seen = [conditioned_on(s.features, s.logits) if subject.conditioned else s.features for s in (source, target)]
        return domain_accuracy(Features(*(subject.disc(x) for x in seen)), 0.0).item()

def probe_accuracy_of(source, target) -> float:
    return 0.5
