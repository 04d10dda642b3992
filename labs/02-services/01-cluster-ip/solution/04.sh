kubectl exec shell -- ping -c 1 -W 1 $(kubectl get service web -o jsonpath='{.spec.clusterIP}') || true
