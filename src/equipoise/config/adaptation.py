"""Settings of adapting a classifier to another domain: how it is judged without labels, and drawn."""

from typing import Annotated, Literal

from pydantic import Field

from equipoise.config.base import Settings

RuleName = Literal["source-validation", "entropy", "information", "nuclear-norm", "importance-weighted", "dev"]
BaselineName = Literal["none", "source-only", "target-only"]


class AdaptationSettings(Settings):
    """How a domain-adversarial classifier is measured while it is trained, and which checkpoint is its best."""

    judge: RuleName = "information"
    """The rule by which the best checkpoint is kept; none of them sees a label of the target. source-validation: the
    error on held-out examples of the source. entropy: how unsure the predictions for the target are; information and
    nuclear-norm also ask that they use all classes. importance-weighted: the source's error, weighted by how much an
    example looks like the target. dev: the same with a control variate, deep embedded validation. All are recorded,
    whichever judges. Where game.information_weight is set, information is also what the classifier is trained for, so
    that it judges in its own cause."""
    probe: bool = False
    """Also train a fresh discriminator of domains on the features at every evaluation: the proxy A-distance."""
    baseline: BaselineName = "none"
    """Train one of the bounds that an adapted classifier is compared with, and adapt nothing: source-only takes the
    labelled source for both domains; target-only the target, with its labels."""
    picture: Literal["pca", "tsne"] = "pca"
    """How features are brought to the plane for the sample pictures: principal components, or t-SNE (slow)."""
    num_pictured: Annotated[int, Field(ge=10, le=10_000)] = 400
    """Examples of either domain in a picture."""
