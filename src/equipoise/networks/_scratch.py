import torch
from torch import nn
from equipoise.networks.build import drawing_from
from equipoise.networks.players import Networks
from equipoise.networks.dropout import *

class Cl(nn.Module):
    def __init__(self, features, head):
        super().__init__(); self.features=features; self.head=head
    def forward(self, x, labels=None): return self.head(self.features(x))
class D(nn.Module):
    def __init__(self, layers):
        super().__init__(); self.layers=layers
    def forward(self, x, labels=None): return self.layers(x).squeeze(1)

def build_adaptation_networks(settings, shape, num_classes, generator, *, conditioned=False):
    with drawing_from(generator):
        if len(shape)==1:
            f=nn.Sequential(nn.Linear(shape[0],settings.width),nn.ReLU(),nn.Linear(settings.width,settings.width),nn.ReLU()); nf=settings.width
            h=nn.Linear(nf,num_classes)
        else:
            c=shape[0]
            conv=nn.Sequential(nn.Conv2d(c,32,5,padding=2),nn.ReLU(),nn.MaxPool2d(2),nn.BatchNorm2d(32),nn.Conv2d(32,48,5,padding=2),nn.ReLU(),nn.MaxPool2d(2),nn.BatchNorm2d(48),nn.Flatten())
            with torch.no_grad(): nf=conv(torch.zeros(2,*shape)).shape[1]
            f=conv
            h=nn.Sequential(nn.Linear(nf,100),nn.ReLU(),nn.Linear(100,100),nn.ReLU(),nn.Linear(100,num_classes))
        gen=Cl(f,h)
    with drawing_from(generator):
        disc=D(nn.Sequential(nn.Linear(nf*(num_classes if conditioned else 1),100),nn.ReLU(),nn.Linear(100,1)))
    return Networks(disc,gen)
