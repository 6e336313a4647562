"""Two processes that see different losses keep one rate: the loss is averaged over them first."""

import subprocess
import sys

SCRIPT = """
import math, sys, torch
from equipoise.schedules import GapAware, GapAwareLR

rank = int(sys.argv[1])
torch.distributed.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
weight = torch.nn.Parameter(torch.zeros(()))
optimizer = torch.optim.SGD([weight], lr=0.1)
scheduler, alone = GapAwareLR(optimizer, ideal_loss=1.0), GapAware(1.0)
for step in range(20):
    losses = [1.0 + 0.01 * step, 1.2 - 0.03 * step]
    loss = torch.tensor(losses[rank], dtype=torch.float64)
    scheduler.step(loss if step % 2 else losses[rank])
    assert loss.item() == losses[rank], "the caller's own loss is left as it is"
    alone.loss = 0.95 * alone.loss + 0.05 * sum(losses) / 2
    weight.grad = torch.ones(())
    optimizer.step()
    assert math.isclose(scheduler.get_last_lr()[0], 0.1 * alone.factor, rel_tol=1e-9)
torch.distributed.destroy_process_group()
print("same rate")
"""


def test_processes_share_one_rate(tmp_path):
    arguments = [sys.executable, "-c", SCRIPT]
    processes = [
        subprocess.Popen([*arguments, str(rank), str(tmp_path / "meeting")], stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in processes] == ["same rate"] * 2
