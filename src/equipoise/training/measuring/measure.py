"""A trained generator measured again, under the settings of its run or with other numbers."""

from collections.abc import Sequence
from typing import Any

from equipoise.config.evaluation import MeasureName
from equipoise.core.errors import UserError
from equipoise.training.adapting.evaluator import AdaptationEvaluator
from equipoise.training.lines import require_same_vocabulary
from equipoise.training.measuring.evaluator import build_evaluator
from equipoise.training.measuring.text_evaluator import TextEvaluator
from equipoise.training.trained import TrainedGenerator


def measure(
    trained: TrainedGenerator,
    num_samples: int | None = None,
    seed: int | None = None,
    measures: Sequence[MeasureName] | None = None,
    *,
    intervals: bool | None = None,
) -> dict[str, Any]:
    """Values and protocol of a trained generator; by default exactly those measured in training.

    Args:
        trained: the generator.
        num_samples: generated examples, where not as in the run's settings.
        seed: of the latents, where not the run's.
        measures: further measures beside the Frechet distance, where not as in the run's settings.
        intervals: whether to give intervals, where not as in the run's settings.

    Raises:
        UserError: the run's settings name no features, or the data are not those of the run.
    """
    settings = trained.settings
    wanted = {
        "num_samples": num_samples,
        "measures": None if measures is None else tuple(measures),
        "intervals": intervals,
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    evaluation = settings.evaluation.model_copy(update=changes)
    settings = settings.model_copy(update={"evaluation": evaluation, "seed": settings.seed if seed is None else seed})
    evaluator = build_evaluator(settings, trained.device)
    if isinstance(evaluator, TextEvaluator):
        require_same_vocabulary(trained.vocabulary, evaluator.vocabulary)
        if measures:
            raise UserError("Text is measured by its n-grams alone; leave out the measures.")
    if evaluator is None:
        raise UserError("This run's settings name no features to measure in; train with --evaluation.features.")
    assert not isinstance(evaluator, AdaptationEvaluator), "a trained generator is no classifier"
    return {"step": trained.state["step"], "images": trained.state["images"], **evaluator.evaluate(trained.generate)}
