"""What Smart Turn hears -> log-odds that the speaker has finished: its last layer, learnt anew from people.

scripts/turn/melody_fit.py writes `WEIGHTS`. What it was learnt from, and what it is worth:
docs/decisions/0031-who-has-finished.md.
"""

from __future__ import annotations

from base64 import b85decode
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from voicecli.messages import Float32

WEIGHTS = (
    "D=n2Bn2cMj>?wmIStI)wq#d!E1EvzBE~9x29W1sgdo5O-N+f2GXP619IVz;9RI6Jdfu}w!+a|rK$}2%Dix^oZ3MTF-j414>ASvi7"
    ";3sCN%ANF}2Pc=EJ*5JrA}K_PU99mYf~BINxSh=^hNmJY>>;Fyt0=7|O{EyDf~sI7y&oto&<WWgS{v)5wkTz#-Y@2@Y@l`=5Uf$C"
    "JFE{ToTxA*vKWh`W|{*fNTk~*IH0H+Qm8&A51n14#3jb5jUb4mJS2J+Z6<ZBD<eOsD6QD3@g@1C`Jfso-=p=c7Ntz5{v>51A*#_P"
    "877_>Y^+--fu=|x94A~X?;w&cGn{Cq|EQTDJ1d+ivm|gT&nYvXIUu?zL?q^}cdRrdz^t93MWzU-pCo{xyq-Fr?4+=(Wvl}%cPYXx"
    ">ZQRX^rrcsj-!|;p{da&2rYUd2PU{FF(?rsaVQX^f}E<U$E<Co1*X*~Mj=NoG^2qnrX0bgYOL-d44N4#%&hPyk*9Q@6QW<MmLNPQ"
    "upH(r`z3OqyR5mX7^c1@VkixvmZ*^v_!cyw@hD2M8z?uUCaOK5?4#<d6D<59<0`r(+@o=#XC;drawLG91eF7*7boAHQ7QtZtSXSB"
    "h88iKyQIaU>>7(L!Y8&W52iP%fFXpRxhl`9n4heq10o(FR<B{L9H+pNiysTH3>^V3cB+P(<}QXUKdcd^?<tw3N~X3PYbeVnLlmT|"
    "WEhF9oUO5@Wug$Pp_n45b*to{_or$kP$zvV#32r-BdH)CTdVJ+WvUAr<thy-AD&RF%qmkNrK2OEb)6=qMJSakXQ?@+>7*+mKAtqK"
    "z@sQDajF%Xuco7)Fes?4*CC4_8Y5k+@F0t#bS>klHZFjvtt^`)(V)Pp87k7DFC^3{PoeK5$0UmmbR_s4CnQHDi6{Ihq$UzBE~V}w"
    "x2g>+Hz=7YEvPD_L8V5SlBQ24F`dY!m!gRz3n}lWG^+!r0H*>crzk6_krosuydfkc0Gb-9R3coMcbiKgVIiv>q9ocOupMleFQHx?"
    ">Y$mOa3aN?KbRw%P#hwnpdgW=?jl<y#tu*q1Q&Lk%c57C3ns55{wFRZk`0z8s3mToEuq(wh9@B=E2J5LJ}63{Q5-y_X`pB#rWt~v"
    "nwYewI3T2_Y?+FJdYUMuGogB=A{#0v&YKyfXQ%C*1R_6})FbgAt|gJ9eWQ*b=BFtn{+?PLwIo!Yft$FXo}fG?fEQvRZzV$=>8Keb"
    "#vW~_^&MW8;GvMAHl}i=6eGNzo|WvV3L+k!y_yptDx`#`E+65fe<&TIxgba*;Gzp9O{?D@f21px!6VHbCLr&cccBHSBA~(?7^FWZ"
    "<0Xb9p(n<U6r&&}1f><L{ibrD5vX#cIi>5N10WPA#3Pg=T%hKsl%TUAeId@G1Eocy1E`rJB%!7rL8ql2JDO&qR1an!FQs%Je<K$q"
    "dX>5g+l+UoXdzo72BzyRBB9wOIvVa1il7c9w<NxsnW)dEKaXJ@uBzgq;}(h~`l9?KHm0&9BB$A+Fr*?RW+a3lgP?V#Ri%xd0i<V~"
    "cB6?Eexj_Q!WrkB`66r;;236_peJt!{Gl0|+9PTi6eLll*Cm=H6rI~5yCq(xVkVI(O(hzcIHk%W{-jZ)6D0Z~)}D)_wJ1)RR-F4L"
    "L=;$}mZA73qon(wU?8R;Lm`u!RU8u}G^3XyZJooG0VMz$z9XQWf*Q>rYNRWoq$Crn+#kW55T6RAt(J@<svYhlb1Gh`AfOB(!=k01"
    "fTN})=Apr!;u!j*jw5g$1|NQ-hp2X>wktKBHkutABO{<2aGx@vogHl<YmShng{rA1%%vBk3LuCn+#V(-q93cFcP3e-D<t10cb|5q"
    ";vev*m!8X<vYzZ51f%b#+#(&N0~}8uiy<cv!kAVg$Sdff;~p&_JtE;GP^1Z?IVTS!B$!y96Nd&O6eN-)qn~jmR-NFek|rLZ#i6$$"
    "$EOV>*`U;tVx6NLE2B&%BbC59"
)
"""Base 85: float16, little-endian. One for each of the 769 values, then the constant."""


def log_odds(hears: Float32) -> float:
    """Log-odds that the speaker has finished, by what `SmartTurn.hears` gives: (769,) float32."""
    weights = _weights()
    return float(hears @ weights[:-1] + weights[-1])


@cache
def _weights() -> Float32:
    return np.frombuffer(b85decode(WEIGHTS), "<f2").astype(np.float32)
