kubectl exec a -- ip link
ssh worker-1 ip link
